import { SQS } from '@aws-sdk/client-sqs'
import type { Raw } from './append.ts'

/** SQS takes and gives ten in one request. */
const REQUEST_MAX = 10

/** SendMessageBatch of ten, side by side; ReceiveMessage of ten and DeleteMessageBatch. */
export async function openSqs(url: string): Promise<Raw> {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
  const sqs = new SQS({ region: 'us-east-1', endpoint: new URL(url).origin, credentials })
  const QueueUrl = url

  async function send(bodies: readonly Buffer[]): Promise<(Error | null)[]> {
    const Entries = bodies.map((body, at) => ({ Id: `${at}`, MessageBody: body.toString() }))
    const { Failed = [] } = await sqs.sendMessageBatch({ QueueUrl, Entries })
    const failed = new Set(Failed.map(({ Id }) => Id))
    return bodies.map((_, at) => (failed.has(`${at}`) ? new Error('not taken') : null))
  }

  return {
    batchMax: 100,
    appendsMax: 4,
    async append(bodies) {
      const requests: Promise<(Error | null)[]>[] = []
      for (let at = 0; at < bodies.length; at += REQUEST_MAX) requests.push(send(bodies.slice(at, at + REQUEST_MAX)))
      return (await Promise.all(requests)).flat()
    },
    async receive() {
      const { Messages = [] } = await sqs.receiveMessage({
        QueueUrl,
        MaxNumberOfMessages: REQUEST_MAX,
        WaitTimeSeconds: 1,
      })
      if (Messages.length === 0) return 0
      const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }))
      await sqs.deleteMessageBatch({ QueueUrl, Entries })
      return Messages.length
    },
  }
}

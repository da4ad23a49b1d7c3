import { PubSub, v1 } from '@google-cloud/pubsub'
import type { Raw } from './append.ts'

const RECEIVE_MAX = 100
/** What the service has lent to a pull that is given up comes again only when its loan is over. */
const WAIT_MS = 30_000
const DEADLINE_EXCEEDED = 4

/** One Publish request for each batch; Pull and Acknowledge. */
export async function openPubsub(url: string): Promise<Raw> {
  const { hostname: projectId, pathname, searchParams } = new URL(url)
  const [, topicName, subscriptionName] = pathname.split('/')
  const apiEndpoint = searchParams.get('emulator') ?? ''
  const config = await new PubSub({ projectId, apiEndpoint, emulatorMode: true }).getClientConfig()
  const own = config as ConstructorParameters<typeof v1.PublisherClient>[0]
  const [publisher, subscriber] = [new v1.PublisherClient(own), new v1.SubscriberClient(own)]
  const topic = `projects/${projectId}/topics/${topicName}`
  const subscription = `projects/${projectId}/subscriptions/${subscriptionName}`
  return {
    batchMax: 100,
    appendsMax: 4,
    async append(bodies) {
      await publisher.publish({ topic, messages: bodies.map((data) => ({ data })) }, { isBundling: false })
      return bodies.map(() => null)
    },
    async receive() {
      const once = { timeout: WAIT_MS, retry: { retryCodes: [] } }
      const answer = await subscriber.pull({ subscription, maxMessages: RECEIVE_MAX }, once).catch((error) => {
        if (error.code === DEADLINE_EXCEEDED) return null
        throw error
      })
      const ackIds = answer?.[0].receivedMessages?.map(({ ackId }) => ackId ?? '') ?? []
      if (ackIds.length > 0) await subscriber.acknowledge({ subscription, ackIds })
      return ackIds.length
    },
  }
}

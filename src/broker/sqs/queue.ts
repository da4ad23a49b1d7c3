import type {
  BatchResultErrorEntry,
  Message,
  SendMessageBatchRequestEntry,
  SQS,
  SQSClientConfig,
} from '@aws-sdk/client-sqs'
import type { Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import { BrokerError, type BrokerErrorKind } from '../broker.ts'
import { either } from '../either.ts'
import type { SqsPlace } from './place.ts'
import type { SqsRecord } from './wire.ts'

/** The calls that Amazon's client makes for one queue: each in bounded time, its errors told apart. */
export interface Queue {
  attributes(): Promise<Readonly<Record<string, string>>>
  send(entries: readonly SendMessageBatchRequestEntry[]): Promise<Refused[]>
  receive(want: { max: number; waitSeconds: number; lentSeconds: number }, signal: AbortSignal): Promise<Received[]>
  remove(handles: readonly string[]): Promise<Refused[]>
  /** They come again after so many seconds. */
  release(handles: readonly string[], seconds: number): Promise<Refused[]>
  close(): void
}

/** One of a batch that SQS did not do. `ours`: trying again will not help. */
export interface Refused {
  readonly at: number
  readonly ours: boolean
  readonly code: string
}

export interface Received {
  readonly handle: string
  readonly record: SqsRecord
}

const CONNECT_MS = 3_000
/** A call that takes longer is taken for lost: Stripe waits for its answer, and a drain for its next batch. */
const CALL_MS = 10_000

/** The package is loaded here alone, when somebody has a queue. */
export async function openQueue(place: SqsPlace, { name, clock }: { name: string; clock: Clock }): Promise<Queue> {
  const { SQS } = await loadSdk()
  const sqs = new SQS(settings(place))
  const call = async <V>(ms: number, signal: AbortSignal | null, work: (how: How) => Promise<V>): Promise<V> => {
    const late = new AbortController()
    const cancel = clock.after(ms, () => late.abort())
    try {
      return await either(signal ? [late.signal, signal] : [late.signal], (abortSignal) => work({ abortSignal }))
    } catch (error) {
      throw brokerError(error, name)
    } finally {
      cancel()
    }
  }
  let asked = place.queueUrl
  const url = async (how: How): Promise<string> => {
    asked ??= (await sqs.getQueueUrl({ QueueName: place.queue }, how)).QueueUrl ?? null
    return asked as string
  }
  return calls(sqs, { call, url })
}

interface How {
  readonly abortSignal: AbortSignal
}

interface Ways {
  call<V>(ms: number, signal: AbortSignal | null, work: (how: How) => Promise<V>): Promise<V>
  url(how: How): Promise<string>
}

function calls(sqs: SQS, { call, url }: Ways): Queue {
  return {
    attributes: () =>
      call(CALL_MS, null, async (how) => {
        const asked = { QueueUrl: await url(how), AttributeNames: ['All' as const] }
        return (await sqs.getQueueAttributes(asked, how)).Attributes ?? {}
      }),
    send: (entries) =>
      call(CALL_MS, null, async (how) => {
        return refused(await sqs.sendMessageBatch({ QueueUrl: await url(how), Entries: [...entries] }, how))
      }),
    receive: ({ max, waitSeconds, lentSeconds }, signal) =>
      call(waitSeconds * 1_000 + CALL_MS, signal, async (how) => {
        const asked = {
          QueueUrl: await url(how),
          MaxNumberOfMessages: max,
          WaitTimeSeconds: waitSeconds,
          VisibilityTimeout: lentSeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['ApproximateReceiveCount' as const, 'SentTimestamp' as const],
        }
        return ((await sqs.receiveMessage(asked, how)).Messages ?? []).map(received)
      }),
    remove: (handles) =>
      call(CALL_MS, null, async (how) => {
        const Entries = handles.map((ReceiptHandle, at) => ({ Id: `${at}`, ReceiptHandle }))
        return refused(await sqs.deleteMessageBatch({ QueueUrl: await url(how), Entries }, how))
      }),
    release: (handles, seconds) =>
      call(CALL_MS, null, async (how) => {
        const Entries = handles.map((ReceiptHandle, at) => ({ Id: `${at}`, ReceiptHandle, VisibilityTimeout: seconds }))
        return refused(await sqs.changeMessageVisibilityBatch({ QueueUrl: await url(how), Entries }, how))
      }),
    close: () => sqs.destroy(),
  }
}

async function loadSdk(): Promise<typeof import('@aws-sdk/client-sqs')> {
  try {
    return await import('@aws-sdk/client-sqs')
  } catch (error) {
    throw failure('peer_missing', { feature: 'A queue in Amazon SQS', name: '@aws-sdk/client-sqs' }, { cause: error })
  }
}

function settings({ region, endpoint }: SqsPlace): SQSClientConfig {
  // A second try hides a connection that had been idle for too long; more would keep Stripe waiting.
  const shared = { region, maxAttempts: 2, requestHandler: { connectionTimeout: CONNECT_MS } }
  // Over plain HTTP no credentials that are worth anything are ever sent: what listens there is an emulator, which takes any.
  if (endpoint?.startsWith('http://')) {
    return { ...shared, endpoint, credentials: { accessKeyId: 'emulator', secretAccessKey: 'emulator' } }
  }
  return endpoint === null ? shared : { ...shared, endpoint }
}

const refused = ({ Failed = [] }: { Failed?: BatchResultErrorEntry[] }): Refused[] =>
  Failed.map(({ Id, SenderFault, Code }) => ({ at: Number(Id), ours: SenderFault === true, code: Code ?? 'unknown' }))

const received = ({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes }: Message): Received => ({
  handle: ReceiptHandle as string,
  record: {
    messageId: MessageId,
    body: Body ?? '',
    attributes: Attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, { stringValue: StringValue }]),
    ),
  },
})

/** The client's own message may quote what was sent: only the error's name goes on. */
export function brokerError(error: unknown, name: string): BrokerError {
  if (error instanceof BrokerError) return error
  const kind = kindOf(error)
  const reason = (error as { code?: string }).code ?? (error instanceof Error ? error.name : 'unknown')
  if (kind === 'refused') return new BrokerError(kind, `${name} refused the request: ${reason}.`, error)
  if (kind === 'too-large') return new BrokerError(kind, `${name} refused the request as too large.`, error)
  return new BrokerError(kind, `${name} cannot be reached: ${reason}.`, error)
}

const PASSING = /Throttl|OverLimit|TooManyRequests|SlowDown|RequestExpired|ExpiredToken/

/** Amazon's answers have a fault, its own or ours; what has none never came through. */
function kindOf(error: unknown): BrokerErrorKind {
  const { $fault, name } = error as { $fault?: 'client' | 'server'; name?: string }
  if ($fault !== 'client' || PASSING.test(name ?? '')) return 'unreachable'
  return name === 'BatchRequestTooLong' ? 'too-large' : 'refused'
}

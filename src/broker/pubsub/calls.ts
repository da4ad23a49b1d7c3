import type { protos } from '@google-cloud/pubsub'
import { failure } from '../../core/errors.ts'
import { BrokerError, type BrokerErrorKind } from '../broker.ts'
import type { PubsubPlace } from './place.ts'
import type { Pulled, Wire } from './wire.ts'

export type Subscription = protos.google.pubsub.v1.ISubscription

/** The calls that Google's client makes for one topic and subscription: each in bounded time, its errors told apart. */
export interface Calls {
  publish(messages: readonly Wire[]): Promise<void>
  /** Empty when `waitMs` are over. */
  pull(max: number, waitMs: number): Promise<Pulled[]>
  /** The ids of which Google says that it did not hear; `gone` when it never will. */
  acknowledge(ackIds: readonly string[]): Promise<Unheard[]>
  /** From now on so many seconds; 0 gives them back. */
  extend(ackIds: readonly string[], seconds: number): Promise<void>
  subscription(): Promise<Subscription>
  /** Rejects when it is not there. */
  topic(): Promise<void>
  close(): Promise<void>
}

export interface Unheard {
  readonly ackId: string
  readonly gone: boolean
}

/** A call that takes longer is taken for lost: Stripe waits for its answer, and a drain for its next batch. */
const CALL_MS = 10_000
/** Google's client waits for up to two minutes before it looks again whether a server is back. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2_000 }

/** The package is loaded here alone, when somebody has a topic. */
export async function openCalls(place: PubsubPlace, name: string): Promise<Calls> {
  const { PubSub, v1 } = await loadPubsub()
  const at = place.emulator === null ? {} : { apiEndpoint: place.emulator, emulatorMode: true }
  const pubsub = new PubSub({ projectId: place.project, ...at, ...RECONNECT })
  const config = { ...(await pubsub.getClientConfig()) } as ConstructorParameters<typeof v1.PublisherClient>[0]
  const [publisher, subscriber] = [new v1.PublisherClient(config), new v1.SubscriberClient(config)]
  const { topic, subscription } = place
  const asked = async <V>(work: Promise<V>): Promise<V> => {
    try {
      return await work
    } catch (error) {
      throw brokerError(error, name)
    }
  }
  return {
    publish: async (messages) => {
      // The client would wait for more and send them together, whatever their keys.
      await asked(publisher.publish({ topic, messages: [...messages] }, { ...once(CALL_MS), isBundling: false }))
    },
    async pull(maxMessages, waitMs) {
      try {
        const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages }, once(waitMs))
        return receivedMessages ?? []
      } catch (error) {
        if (waitedInVain(error)) return []
        throw brokerError(error, name)
      }
    },
    async acknowledge(ackIds) {
      try {
        await subscriber.acknowledge({ subscription, ackIds: [...ackIds] }, once(CALL_MS))
        return []
      } catch (error) {
        const unheard = unheardOf(error)
        if (unheard.length === 0) throw brokerError(error, name)
        return unheard
      }
    },
    extend: async (ackIds, ackDeadlineSeconds) => {
      await asked(
        subscriber.modifyAckDeadline({ subscription, ackIds: [...ackIds], ackDeadlineSeconds }, once(CALL_MS)),
      )
    },
    subscription: async () => (await asked(subscriber.getSubscription({ subscription }, once(CALL_MS))))[0],
    topic: async () => void (await asked(publisher.getTopic({ topic }, once(CALL_MS)))),
    close: async () => {
      await Promise.all([publisher.close(), subscriber.close()])
    },
  }
}

async function loadPubsub(): Promise<typeof import('@google-cloud/pubsub')> {
  try {
    return await import('@google-cloud/pubsub')
  } catch (error) {
    throw failure('peer_missing', { feature: 'Google Pub/Sub', name: '@google-cloud/pubsub' }, { cause: error })
  }
}

/** Whoever calls decides about another try; the client's own tries go on for ten minutes. */
const once = (timeout: number) => ({ timeout, retry: { retryCodes: [] } })

interface GrpcError {
  readonly code?: number | string
  readonly details?: string
  readonly errorInfoMetadata?: Readonly<Record<string, string>>
}

const DEADLINE_EXCEEDED = 4
/** Invalid argument, not found, already there, permission denied, failed precondition, out of range, unimplemented, unauthenticated. */
const REFUSED = [3, 5, 6, 7, 9, 11, 12, 16]

/** The time was over while Google had nothing, and not while nobody answered. */
function waitedInVain(error: unknown): boolean {
  const { code, details } = error as GrpcError
  return code === DEADLINE_EXCEEDED && /remote_addr=/.test(details ?? '')
}

/** A subscription that delivers exactly once says of each acknowledgement what came of it. */
export function unheardOf(error: unknown): Unheard[] {
  const verdicts = Object.entries((error as GrpcError).errorInfoMetadata ?? {})
  return verdicts
    .filter(([, verdict]) => /^(PERMANENT|TRANSIENT)_FAILURE/.test(verdict))
    .map(([ackId, verdict]) => ({ ackId, gone: verdict.startsWith('PERMANENT') }))
}

/** The service's own message may quote what was sent: only the error's code goes on. */
export function brokerError(error: unknown, name: string): BrokerError {
  if (error instanceof BrokerError) return error
  const { code } = error as GrpcError
  const kind: BrokerErrorKind = typeof code === 'number' && REFUSED.includes(code) ? 'refused' : 'unreachable'
  const said = kind === 'refused' ? 'refused the request' : 'cannot be reached'
  return new BrokerError(
    kind,
    `${name} ${said}: ${typeof code === 'number' ? `gRPC status ${code}` : (code ?? 'no answer')}.`,
    error,
  )
}

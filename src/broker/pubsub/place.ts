import { failure } from '../../core/errors.ts'

/** A topic to publish to and a subscription to pull from, by their full names. */
export interface PubsubPlace {
  readonly project: string
  readonly topic: string
  readonly subscription: string
  /** `host:port` of an emulator. Null: Google's, or the one that `PUBSUB_EMULATOR_HOST` names, which Google's client heeds. */
  readonly emulator: string | null
}

/** `pubsub://project/topic/subscription`, with `?emulator=host:port` where it is no Google's. */
export function pubsubPlace(text: string): PubsubPlace {
  const url = URL.parse(text)
  const [topic, subscription, more] = url?.pathname.split('/').filter((part) => part !== '') ?? []
  if (url?.protocol !== 'pubsub:' || !url.hostname || !named(topic) || !named(subscription) || more) {
    throw failure('config_invalid', {
      where: 'BROKER_URL',
      what: 'a topic with its subscription is written pubsub://project/topic/subscription',
    })
  }
  const within = `projects/${url.hostname}`
  return {
    project: url.hostname,
    topic: `${within}/topics/${topic}`,
    subscription: `${within}/subscriptions/${subscription}`,
    emulator: url.searchParams.get('emulator'),
  }
}

/** The last part of a full name. */
export const short = (full: string): string => full.slice(full.lastIndexOf('/') + 1)

const named = (name: string | undefined): boolean => name !== undefined && /^[A-Za-z][\w.~+%-]{2,254}$/.test(name)

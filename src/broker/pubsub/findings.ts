import type { Finding } from '../broker.ts'
import type { Subscription } from './calls.ts'
import { type PubsubPlace, short } from './place.ts'

const DAY_S = 86_400
/** Stripe stops after three days: what waits for less may be gone before anybody looks. */
const RETENTION_S = 4 * DAY_S
/** The shortest that Google offers; loans are extended from there. */
const DEADLINE_S = 10
/** As many loans as an hour of a database that is away uses up. */
const ATTEMPTS = 60

/** What is set in the subscription that would lose messages. */
export function findings(subscription: Subscription, place: PubsubPlace, lentMs: number): Finding[] {
  const name = short(place.subscription)
  const update = (flags: string) => `gcloud pubsub subscriptions update ${name} --project=${place.project} ${flags}`
  const found: Finding[] = []
  const say = (level: Finding['level'], what: string, remedy: string) => void found.push({ level, what, remedy })

  if (subscription.topic !== place.topic) {
    const other = short(subscription.topic ?? '')
    say(
      'wrong',
      `The subscription ${name} is of the topic ${other}, and events go to ${short(place.topic)}.`,
      create(place),
    )
  }
  if (subscription.detached) say('wrong', `The subscription ${name} is detached from its topic.`, create(place))
  if (subscription.pushConfig?.pushEndpoint) {
    say('wrong', `The subscription ${name} pushes its messages elsewhere.`, update('--push-endpoint='))
  }
  if (subscription.filter) {
    say('wrong', `The subscription ${name} passes by what its filter does not match.`, create(place))
  }
  const retention = secondsOf(subscription.messageRetentionDuration)
  if (retention !== null && retention < RETENTION_S) {
    const hours = Math.round(retention / 360) / 10
    say(
      'wrong',
      `The subscription ${name} throws messages away after ${hours} hours.`,
      update('--message-retention-duration=7d'),
    )
  }
  const deadline = subscription.ackDeadlineSeconds ?? DEADLINE_S
  if (deadline < Math.min(lentMs / 1_000, DEADLINE_S)) {
    say(
      'wrong',
      `The subscription ${name} gives a message to somebody else after ${deadline} s, which is shorter than a drain may take.`,
      update('--ack-deadline=60'),
    )
  }
  const attempts = subscription.deadLetterPolicy?.maxDeliveryAttempts
  if (subscription.deadLetterPolicy?.deadLetterTopic) {
    say(
      (attempts ?? 0) < ATTEMPTS ? 'wrong' : 'worth',
      `After ${attempts} loans a message goes to the dead-letter topic, where nobody here looks.`,
      update('--clear-dead-letter-policy'),
    )
  }
  const expiry = secondsOf(subscription.expirationPolicy?.ttl)
  if (!subscription.expirationPolicy || expiry !== null) {
    const days = Math.round((expiry ?? 31 * DAY_S) / DAY_S)
    say(
      'worth',
      `The subscription ${name} is deleted after ${days} days without a reader.`,
      update('--expiration-period=never'),
    )
  }
  return found
}

/** What is not there, or may not be looked at. */
export function missing(place: PubsubPlace, what: 'topic' | 'subscription'): Finding {
  return {
    level: 'wrong',
    what: `There is no ${what} ${short(place[what])} in ${place.project}, or these credentials may not see it.`,
    remedy:
      what === 'topic' ? `gcloud pubsub topics create ${short(place.topic)} --project=${place.project}` : create(place),
  }
}

const create = ({ project, topic, subscription }: PubsubPlace): string =>
  `gcloud pubsub subscriptions create ${short(subscription)} --project=${project} --topic=${short(topic)} ` +
  '--enable-message-ordering --ack-deadline=60 --message-retention-duration=7d --expiration-period=never'

const secondsOf = (duration: { seconds?: unknown } | null | undefined): number | null =>
  duration?.seconds === undefined || duration.seconds === null ? null : Number(duration.seconds)

import type { Finding } from '../broker.ts'

type Attributes = Readonly<Record<string, string>>

const DAY_S = 86_400
/** Stripe stops after three days: what waits for less may be gone before anybody looks. */
const RETENTION_S = 4 * DAY_S
/** A drain that has to wait for a slow database still ends within it. */
const DRAIN_S = 30
const MESSAGE_BYTES = 262_144
/** As many loans as an hour of a database that is away uses up. */
const RECEIVES = 60

/** What is set in the queue that would lose messages, by its attributes. What it does not say is taken to be as Amazon's are. */
export function findings(
  attributes: Attributes,
  { queueUrl, lentMs }: { queueUrl: string; lentMs: number },
): Finding[] {
  const set = (to: string) => `aws sqs set-queue-attributes --queue-url ${queueUrl} --attributes '${to}'`
  const found: Finding[] = []
  const say = (level: Finding['level'], what: string, remedy: string) => void found.push({ level, what, remedy })

  const visibility = numberOf(attributes, 'VisibilityTimeout')
  const drain = Math.min(Math.ceil(lentMs / 1_000), DRAIN_S)
  if (visibility !== null && visibility < drain) {
    say(
      'wrong',
      `The queue gives a message to somebody else after ${visibility} s, which is shorter than a drain may take (${drain} s).`,
      set(`VisibilityTimeout=${Math.max(Math.ceil(lentMs / 1_000), DRAIN_S)}`),
    )
  }
  const retention = numberOf(attributes, 'MessageRetentionPeriod')
  if (retention !== null && retention < RETENTION_S) {
    say(
      'wrong',
      `The queue throws messages away after ${hours(retention)}.`,
      set(`MessageRetentionPeriod=${14 * DAY_S}`),
    )
  }
  const bytes = numberOf(attributes, 'MaximumMessageSize')
  if (bytes !== null && bytes < MESSAGE_BYTES) {
    say(
      'wrong',
      `The queue takes messages of up to ${bytes} bytes, and events can be larger.`,
      set('MaximumMessageSize=1048576'),
    )
  }
  const receives = receivesOf(attributes['RedrivePolicy'])
  if (receives !== null) {
    say(
      receives < RECEIVES ? 'wrong' : 'worth',
      `After ${receives} loans a message goes to the dead-letter queue, where nobody here looks.`,
      set('RedrivePolicy='),
    )
  }
  if (attributes['SqsManagedSseEnabled'] === 'false' && !attributes['KmsMasterKeyId']) {
    say('worth', 'The queue keeps bodies unencrypted.', set('SqsManagedSseEnabled=true'))
  }
  const delay = numberOf(attributes, 'DelaySeconds')
  if (delay !== null && delay > 0) {
    say('worth', `The queue holds each message back for ${delay} s.`, set('DelaySeconds=0'))
  }
  return found
}

/** A queue that is not there, or that may not be looked at. */
export function missing({ queue, fifo, region }: { queue: string; fifo: boolean; region: string }): Finding {
  const attributes = `MessageRetentionPeriod=${14 * DAY_S},VisibilityTimeout=60${fifo ? ',FifoQueue=true' : ''}`
  return {
    level: 'wrong',
    what: `There is no queue ${queue} in ${region}, or these credentials may not see it.`,
    remedy: `aws sqs create-queue --region ${region} --queue-name ${queue} --attributes ${attributes}`,
  }
}

function numberOf(attributes: Attributes, name: string): number | null {
  const text = attributes[name]
  return text === undefined ? null : Number(text)
}

function receivesOf(policy: string | undefined): number | null {
  if (!policy) return null
  try {
    return Number((JSON.parse(policy) as { maxReceiveCount?: unknown }).maxReceiveCount)
  } catch {
    return null
  }
}

const hours = (seconds: number): string =>
  seconds >= 2 * DAY_S ? `${Math.floor(seconds / DAY_S)} days` : `${Math.round(seconds / 360) / 10} hours`

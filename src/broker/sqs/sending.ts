import { BrokerError, type Message } from '../broker.ts'
import type { Queue } from './queue.ts'
import { groupOf, MARK, repeatOf, type Wire, wireOf } from './wire.ts'

export interface Limits {
  /** Of one message, its attributes counted. A batch may be no larger. */
  readonly messageBytesMax: number
  /** Of one body, whatever its bytes are: what is no text fits as well, though it travels as four characters for three bytes. */
  readonly bodyBytesMax: number
}

/** SQS takes ten messages in one request. */
export const REQUEST_MAX = 10

/** What is said beside a body: ids, lane and a few short texts. */
const MARK_BYTES = 2_048
/** What a queue takes that does not say more. */
const MESSAGE_BYTES = 262_144

export function limitsOf(attributes: Readonly<Record<string, string>>): Limits {
  const messageBytesMax = Number(attributes['MaximumMessageSize'] ?? MESSAGE_BYTES)
  return { messageBytesMax, bodyBytesMax: Math.max(Math.floor((messageBytesMax - MARK_BYTES) / 4) * 3, 0) }
}

interface Sending {
  readonly queue: Queue
  readonly name: string
  readonly fifo: boolean
  readonly limits: Limits
}

interface Parcel {
  readonly at: number
  readonly message: Message
  readonly wire: Wire
}

/** Sends all, one answer each. Requests run side by side, but for those of one group in a queue that keeps order. */
export async function sendAll(messages: readonly Message[], to: Sending): Promise<(BrokerError | null)[]> {
  const answers = messages.map((): BrokerError | null => null)
  const parcels = messages.flatMap((message, at): Parcel[] => {
    const wire = wireOf(message)
    if (message.body.length <= to.limits.bodyBytesMax && wire.bytes <= to.limits.messageBytesMax) {
      return [{ at, message, wire }]
    }
    answers[at] = tooLarge(message, wire, to)
    return []
  })
  const strands = to.fifo
    ? sideBySide(parcels).map((strand) => requests(strand, to.limits))
    : requests(parcels, to.limits).map((request) => [request])
  await Promise.all(
    strands.map(async (strand) => {
      let lost: BrokerError | undefined
      for (const request of strand) {
        // Behind one that never came through the others would wait as long, and Stripe with them.
        const errors = lost ? request.map(() => lost) : await sendRequest(request, to)
        for (const [n, { at }] of request.entries()) answers[at] = errors[n] ?? null
        lost ??= errors.find((error) => error?.kind === 'unreachable') ?? undefined
      }
    }),
  )
  return answers
}

/** Fills one request after another. */
function requests(parcels: readonly Parcel[], { messageBytesMax }: Limits): Parcel[][] {
  const filled: Parcel[][] = []
  let bytes = 0
  for (const parcel of parcels) {
    const last = filled.at(-1)
    bytes += parcel.wire.bytes
    if (last && last.length < REQUEST_MAX && bytes <= messageBytesMax) last.push(parcel)
    else {
      filled.push([parcel])
      bytes = parcel.wire.bytes
    }
  }
  return filled
}

/** As many strands as full requests would take; whatever is of one group is in one of them, in its order. */
function sideBySide(parcels: readonly Parcel[]): Parcel[][] {
  const strands = Array.from({ length: Math.ceil(parcels.length / REQUEST_MAX) }, (): Parcel[] => [])
  for (const group of Map.groupBy(parcels, ({ message }) => groupOf(message)).values()) {
    const shortest = strands.reduce((best, strand) => (strand.length < best.length ? strand : best))
    shortest.push(...group)
  }
  return strands
}

async function sendRequest(request: readonly Parcel[], to: Sending): Promise<(BrokerError | null)[]> {
  const entries = request.map(({ message, wire }, at) => ({
    Id: `${at}`,
    MessageBody: wire.text,
    MessageAttributes: { [MARK]: { DataType: 'String', StringValue: wire.mark } },
    ...(to.fifo && { MessageGroupId: groupOf(message), MessageDeduplicationId: repeatOf(message) }),
  }))
  const answers = request.map((): BrokerError | null => null)
  try {
    for (const { at, ours, code } of await to.queue.send(entries)) {
      answers[at] = new BrokerError(ours ? 'refused' : 'unreachable', `${to.name} did not take a message: ${code}.`)
    }
    return answers
  } catch (error) {
    // A request that is refused whole, over one that it may not have been for, is sent again message by message.
    if (!(error instanceof BrokerError)) throw error
    if (error.kind === 'unreachable' || request.length === 1) return answers.fill(error)
    const alone: (BrokerError | null)[] = []
    for (const parcel of request) alone.push(...(await sendRequest([parcel], to)))
    return alone
  }
}

function tooLarge({ body }: Message, { bytes }: Wire, { name, limits }: Sending): BrokerError {
  const { messageBytesMax, bodyBytesMax } = limits
  const which = body.length > bodyBytesMax ? `bodies of up to ${bodyBytesMax}` : `messages of up to ${messageBytesMax}`
  const has = body.length > bodyBytesMax ? body.length : bytes
  return new BrokerError(
    'too-large',
    `${name} takes ${which} bytes, and this one has ${has}; raise MaximumMessageSize of the queue ` +
      '(Amazon allows 1048576), or let such events go without a broker.',
  )
}

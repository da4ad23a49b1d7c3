import { BrokerError, type Message } from '../broker.ts'
import type { Calls } from './calls.ts'
import { bytesOf, type Wire, wireOf } from './wire.ts'

/** Google's, of one message and of one request alike. */
const REQUEST_BYTES_MAX = 10_000_000
const REQUEST_MAX = 1_000
/** What is said beside a body: ids, lane and a few short texts. */
const BESIDE_BYTES = 8_192

export const BODY_BYTES_MAX = REQUEST_BYTES_MAX - BESIDE_BYTES

interface Sending {
  readonly calls: Calls
  readonly name: string
  readonly ordered: boolean
}

interface Parcel {
  readonly at: number
  readonly wire: Wire
}

/**
 * Publishes all, one answer each. All messages of a request have to be of one ordering key, so with order each lane has requests of
 * its own, side by side; without, they are filled one after another.
 */
export async function publishAll(messages: readonly Message[], to: Sending): Promise<(BrokerError | null)[]> {
  const answers = messages.map((): BrokerError | null => null)
  const parcels = messages.flatMap((message, at): Parcel[] => {
    const wire = wireOf(message, to.ordered)
    if (message.body.length <= BODY_BYTES_MAX && bytesOf(wire) <= REQUEST_BYTES_MAX) return [{ at, wire }]
    answers[at] = tooLarge(message, to.name)
    return []
  })
  const strands = to.ordered
    ? [...Map.groupBy(parcels, ({ wire }) => wire.orderingKey).values()].map(requests)
    : requests(parcels).map((request) => [request])
  await Promise.all(
    strands.map(async (strand) => {
      let lost: BrokerError | undefined
      for (const request of strand) {
        // What comes behind one that was lost would overtake it when that is sent again.
        const errors = lost ? request.map(() => lost) : await publish(request, to)
        for (const [n, { at }] of request.entries()) answers[at] = errors[n] ?? null
        lost ??= errors.find((error) => error?.kind === 'unreachable') ?? undefined
      }
    }),
  )
  return answers
}

/** Fills one request after another. */
function requests(parcels: readonly Parcel[]): Parcel[][] {
  const filled: Parcel[][] = []
  let bytes = 0
  for (const parcel of parcels) {
    const last = filled.at(-1)
    const its = bytesOf(parcel.wire)
    bytes += its
    if (last && last.length < REQUEST_MAX && bytes <= REQUEST_BYTES_MAX) last.push(parcel)
    else {
      filled.push([parcel])
      bytes = its
    }
  }
  return filled
}

/** A request is taken whole or not at all; one that is refused, over a message that may be another's, is sent again one by one. */
async function publish(request: readonly Parcel[], to: Sending): Promise<(BrokerError | null)[]> {
  try {
    await to.calls.publish(request.map(({ wire }) => wire))
    return request.map(() => null)
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    if (error.kind === 'unreachable' || request.length === 1) return request.map(() => error)
    const alone: (BrokerError | null)[] = []
    for (const parcel of request) alone.push(...(await publish([parcel], to)))
    return alone
  }
}

const tooLarge = ({ body }: Message, name: string): BrokerError =>
  new BrokerError(
    'too-large',
    `${name} takes bodies of up to ${BODY_BYTES_MAX} bytes, and this one has ${body.length}; no setting raises Google's limit.`,
  )

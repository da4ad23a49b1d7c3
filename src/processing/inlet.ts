import type { Lent } from '../broker/broker.ts'
import type { Envelope } from '../core/event.ts'
import type { Logger } from '../core/service.ts'
import type { Ledger } from '../store/store.ts'
import { type MessageRules, sort } from './message.ts'

/** What became of a message: taken in, known already, kept whole as what it is, or not taken though others were. */
export const DRAIN_RESULTS = ['new', 'repeat', 'stray', 'failed'] as const
export type Drained = (typeof DRAIN_RESULTS)[number]

export interface InletDeps {
  readonly ledger: Pick<Ledger, 'admit' | 'keep' | 'backlog'>
  readonly rules: MessageRules
  /** Kept with a stray: `queue <broker>`. */
  readonly broker: string
  readonly log: Logger
  readonly meter: { drained(result: Drained): void }
}

const WHY_REFUSED = 'created is more than 400 days away'

/**
 * Takes lent messages into the ledger; one answer per message, in their order. All but `failed` would survive a crash and can be
 * acknowledged. Rejects when the ledger takes nothing at all: then nothing was taken, or it is a repeat the next time.
 */
export async function takeIn(messages: readonly Lent[], deps: InletDeps): Promise<readonly Drained[]> {
  const sorted = messages.map((message) => ({ message, sorted: sort(message, deps.rules) }))
  const results = new Map<Lent, Drained>()
  const events: Arrived[] = []
  const strays: Stray[] = []
  for (const { message, sorted: one } of sorted) {
    if (one.kind === 'event') events.push({ message, envelope: one.envelope })
    else strays.push({ message, why: one.why })
  }

  await admit(events, { deps, results, strays })
  await keep(strays, { deps, results })
  const drained = messages.map((message) => results.get(message) ?? 'failed')
  for (const result of drained) deps.meter.drained(result)
  return drained
}

interface Arrived {
  readonly message: Lent
  readonly envelope: Envelope
}

interface Stray {
  readonly message: Lent
  readonly why: string
}

interface Under {
  readonly deps: InletDeps
  readonly results: Map<Lent, Drained>
}

/** One that the ledger cannot take must not stop the others: a batch that fails is halved, as long as the ledger itself answers. */
async function admit(events: readonly Arrived[], under: Under & { strays: Stray[] }): Promise<void> {
  if (events.length === 0) return
  const { deps, results, strays } = under
  try {
    const admitted = await deps.ledger.admit(events.map(({ envelope }) => envelope))
    for (const [n, { message }] of events.entries()) {
      const one = admitted[n]
      if (one === 'refused') strays.push({ message, why: WHY_REFUSED })
      else if (one !== undefined) results.set(message, one)
    }
  } catch (error) {
    await deps.ledger.backlog().catch(() => {
      throw error
    })
    if (events.length === 1) return fail(events[0] as Arrived, error, under)
    const middle = events.length >> 1
    await admit(events.slice(0, middle), under)
    await admit(events.slice(middle), under)
  }
}

/** Tried often enough it is kept as a stray, so that it does not go round for ever. */
function fail({ message }: Arrived, error: unknown, { deps, strays, results }: Under & { strays: Stray[] }): void {
  const code = codeOf(error)
  deps.log.error({ broker: deps.broker, code, deliveries: message.deliveries }, 'an event could not be recorded')
  if (message.deliveries >= TRIES_MAX) strays.push({ message, why: `the ledger did not take it: ${code}` })
  else results.set(message, 'failed')
}

const TRIES_MAX = 5

async function keep(strays: readonly Stray[], { deps, results }: Under): Promise<void> {
  if (strays.length === 0) return
  await deps.ledger.keep(
    strays.map(({ message, why }) => ({ bytes: message.body, source: `queue ${deps.broker}`, why })),
  )
  for (const { message, why } of strays) {
    results.set(message, 'stray')
    deps.log.warn({ broker: deps.broker, why }, 'a message was kept as a stray')
  }
}

export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'kind' in error && typeof error.kind === 'string' ? error.kind : error.name
}

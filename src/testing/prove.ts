import type Stripe from 'stripe'
import type { Cluster } from '../cluster.ts'
import type { HandlerContext } from '../processing/context.ts'
import { createHandlers, type Handler, type Pattern } from '../processing/handlers.ts'
import { type Finding, look, wrongWith } from './prove/finding.ts'
import { lifecycle } from './prove/lifecycle.ts'
import { type Outside, tap } from './prove/outside.ts'
import { type Passed, passThrough } from './prove/pass.ts'
import { cleanPlan, STORMS, type Storm } from './prove/plan.ts'
import { report } from './prove/report.ts'
import { shrink } from './prove/shrink.ts'
import { plansOf } from './prove/storms.ts'
import type { Look, Trial } from './prove/trial.ts'
import { type HandlersByPattern, register } from './test-cluster.ts'

/**
 * A handler, handlers by pattern, or what starts a process: `{ start }` is called with a cluster for each process, so that what
 * a process remembers ends with it.
 */
export type Tried = AnyHandler | HandlersByPattern | Starting
type AnyHandler = (event: never, context: HandlerContext) => unknown

export interface Starting {
  start(cluster: Pick<Cluster, 'on'>): unknown
}

export interface ProveOptions {
  /** Makes the world empty, or as it has to be before the first event. Runs before each pass; the ledger's `db` is always new. */
  readonly reset: (look: Look) => unknown
  /** What is true in the world now, as plain values. It is compared deeply; lists are compared without their order. */
  readonly state: (look: Look) => unknown
  /**
   * What the handlers call, by name: `{ mailer, db }`. Each call of a method can then fail, answer late, or be the last of its
   * process. The objects are put back at the end.
   */
  readonly outside?: Outside
  /** In the order in which they happened. Default: some customers' lives, as far as the handlers' patterns see them. */
  readonly events?: readonly Stripe.Event[]
  /** The pattern of a handler that is given alone. Default: the types of `events`, else everything. */
  readonly on?: string | readonly string[]
  /** The same seed makes the same storms. Default 1. */
  readonly seed?: number
  /** Only these. Default: all. */
  readonly storms?: readonly Storm[]
  /** Ends what would end with a process: the open transaction of a connection that is shared with the next one. */
  readonly onCrash?: () => unknown
}

export interface Proof {
  readonly seed: number
  readonly events: number
  /** How many passes each storm took; 0 where it cannot be made: no calls to disturb, one event, one customer. */
  readonly passes: Readonly<Record<Storm, number>>
}

/**
 * Works the events once in order, then again and again with everything that may happen to a handler on the way; `state()` has to
 * be the same each time, and every event has to come to the same end. Rejects with an Error that tells in plain words what does
 * not, in the shortest story found.
 */
export function prove<const P extends Pattern>(
  handler: Handler<P>,
  options: ProveOptions & { readonly on: P | readonly P[] },
): Promise<Proof>
export function prove(tried: Tried, options: ProveOptions): Promise<Proof>
export async function prove(tried: Tried, options: ProveOptions): Promise<Proof> {
  const trial = await trialOf(tried, options)
  const untap = tap(options.outside ?? {})
  try {
    return await storm(trial, options.storms ?? STORMS)
  } finally {
    untap()
  }
}

async function storm(trial: Trial, storms: readonly Storm[]): Promise<Proof> {
  const plan = cleanPlan(trial.events.length)
  const clean = await passThrough(trial, plan)
  const wrong = wrongWith(clean, clean, plan) ?? unfinished(clean)
  if (wrong) await refuse({ trial, plan, passed: clean, wrong })
  const passes = Object.fromEntries(STORMS.map((name) => [name, 0])) as Record<Storm, number>
  for (const name of STORMS.filter((one) => storms.includes(one))) {
    for (const plan of plansOf(name, { trial, clean })) {
      passes[name]++
      const found = await look(trial, clean, plan)
      if (found) await refuse(found)
    }
  }
  return { seed: trial.seed, events: trial.events.length, passes }
}

async function refuse(found: Finding): Promise<never> {
  throw new Error(report(found.plan.storm === null ? found : await shrink(found)))
}

/** A handler may refuse an event for good by `Dead`; what failed to the end proves nothing. */
function unfinished({ ends }: Passed): Finding['wrong'] | null {
  const event = ends.findIndex((end) => !end.startsWith('done') && end !== 'dead refused')
  return event < 0 ? null : { kind: 'end', event, clean: 'to be done', storm: ends[event]! }
}

async function trialOf(tried: Tried, options: ProveOptions): Promise<Trial> {
  const { reset, state, onCrash = () => {}, seed = 1 } = options
  const start = startOf(tried, options)
  const events = options.events ?? lifecycle(await patternsOf(start), seed)
  if (events.length === 0) throw new Error('prove has no events for these handlers: give it some as `events`.')
  return { events, start, reset, state, onCrash, seed, kinds: new Map() }
}

function startOf(tried: Tried, { on, events }: ProveOptions): Trial['start'] {
  if (typeof tried === 'function') {
    const patterns = on ?? (events ? [...new Set(events.map(({ type }) => type as string))] : '*')
    return (cluster) => cluster.on(patterns, tried as Handler)
  }
  return 'start' in tried ? (cluster) => tried.start(cluster) : (cluster) => register(tried, cluster)
}

async function patternsOf(start: Trial['start']): Promise<readonly string[]> {
  const handlers = createHandlers()
  await start(handlers)
  return handlers.all.flatMap(({ patterns }) => patterns)
}

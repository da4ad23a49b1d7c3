import type { Clock } from '../core/clock.ts'
import { failure, type HookkeeperError } from '../core/errors.ts'
import { Dead, type Outcome } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import type { Logger } from '../core/service.ts'
import type { Leased, Settled, Settlement, Store, Work } from '../store/store.ts'
import type { RetryBudget } from './budget.ts'
import { contextFor } from './context.ts'
import type { Deadlines } from './deadlines.ts'
import { decide, decideBefore, type Ending, type Policy, type Result } from './decide.ts'
import type { EventOf, Registered } from './handlers.ts'
import type { LaneLock, NotTried } from './lane-lock.ts'
import { type Meter, report } from './report.ts'
import type { Running } from './running.ts'
import type { Seat } from './seat.ts'
import { Turn } from './turn.ts'

/** One leased event, one attempt. What a crash leaves behind, the lease brings back; what a late waker brings, the fence refuses. */
export async function attempt(running: Running, deps: Deps): Promise<void> {
  const { work, handlers } = running
  const early = decideBefore(work, handlers.length > 0, deps.policy)
  if (early) return void (await finish(running, { work, outcome: early, returned: [] }, deps))

  const run = async () => {
    const results = await runHandlers(running, deps)
    // The process stops, or the lease or its lock went to another. What comes while the lock is being released comes too late to
    // undo what the handlers have done.
    return running.over ? GIVEN_UP : results
  }
  const results = await (deps.lock ? deps.lock.around(running, run) : run())

  // Somebody else is busy with this customer, or nobody can say, or it is given up: no attempt was made, so none is counted.
  // Where the lease went to another a stale fence makes this harmless.
  if ('delayMs' in results) return deps.giveBack([work], results.delayMs)

  const planned = deps.budget.plan(work, results, decide(work, results, deps.policy, deps.random))
  const { outcome } = planned
  deps.budget.settled(planned, await finish(running, { work, outcome, returned: returnedOf(results) }, deps))
}

const GIVEN_UP: NotTried = { delayMs: 0 }

export interface Deps {
  readonly store: Pick<Store, 'ledger' | 'transact' | 'settleIn'>
  readonly policy: Policy
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly meter: Meter
  readonly deadlines: Deadlines
  readonly budget: RetryBudget
  readonly lock?: LaneLock | undefined
  /** Resolves when the ledger has answered; `stale` also when it could not be reached while the lease lasted. */
  readonly settle: (running: Running, settlement: Settlement) => Promise<Settled>
  readonly giveBack: (work: readonly Leased[], delayMs: number) => Promise<void>
}

/** How long handlers may take to hear their signals, all of one attempt together: it fits into the lease's spare time. */
const GRACE_MS = 5_000

async function finish(running: Running, settlement: Settlement & { outcome: Outcome }, deps: Deps): Promise<Settled> {
  const settled = await deps.settle(running, settlement)
  report(running, { outcome: settlement.outcome, settled }, deps)
  return settled
}

/** Every handler that is not yet remembered, one after another; a throw does not stop the next. */
async function runHandlers(running: Running, deps: Deps): Promise<readonly Result[]> {
  const { work } = running
  const open = running.handlers.filter(({ name }) => work.remembered[`handler:${name}`] === undefined)
  const results: Result[] = []
  if (open.length === 0) return results
  const event = parsed(work)
  if (event instanceof Dead) return [{ kind: 'threw', error: event, handler: null, retry: {} }]

  let graceMs = GRACE_MS
  for (const handler of open) {
    // Also before the first: it may have been given up while its lock was on the way.
    if (running.over) break
    const last = results.length === open.length - 1
    const turn = turnOf(handler, graceMs, deps)
    running.turn = turn
    const result = await runOne(handler, { running, turn, event, last: last && results.every(returned) }, deps)
    results.push(result)
    graceMs -= Math.max(0, deps.clock.now() - turn.endsAt)
    if (!last && returned(result) && !turn.committed && !running.over) await remember(running, handler, deps)
  }
  return results
}

async function runOne(handler: Registered, go: Go, deps: Deps): Promise<Result> {
  const context = contextFor(handler, go, deps)
  const ending = await confirmed(handler, await go.turn.take(() => handler.run(go.event, context)), go, deps)
  // What committed is remembered by the ledger: it cannot run again, so what came after cannot be made good by a retry.
  const kept = go.turn.committed && ending.kind !== 'returned' ? ({ kind: 'returned' } as const) : ending
  if (kept !== ending) deps.log.warn({ id: go.running.work.event.id, handler: handler.name }, AFTER_COMMIT)
  return { ...kept, handler: handler.name, retry: handler.retry }
}

/** What a transaction given to `settleIn` wrote is there or is not, whatever its handler says: the ledger knows. */
async function confirmed(
  handler: Registered,
  ending: Ending,
  { running, turn, last }: Go,
  { store }: Deps,
): Promise<Ending> {
  if (!turn.settling || running.over) return ending
  // After the last handler the settle tells: it answers `already` where the transaction was committed.
  if (!last) turn.committed = (await store.settleIn?.remembers(running.work, handler.name).catch(() => false)) ?? false
  if (turn.committed || ending.kind !== 'returned') return ending
  return { kind: 'rolled-back', error: rolledBack(handler) }
}

/** Told to nobody where the transaction was committed, which is nearly always: so one is enough for all. */
function rolledBack(handler: Registered): HookkeeperError {
  const error = ROLLED_BACK.get(handler) ?? failure('settle_in_rolled_back', { handler: handler.name })
  ROLLED_BACK.set(handler, error)
  return error
}

const ROLLED_BACK = new WeakMap<Registered, HookkeeperError>()

interface Go extends Seat {
  readonly event: EventOf<'*'>
}

const AFTER_COMMIT = 'a handler failed after its transaction was committed; it counts as returned'

/**
 * A crash between two handlers does not repeat the first. Where the store cannot be reached the attempt goes on: the settle
 * carries the name again, and has its own patience.
 */
async function remember(running: Running, handler: Registered, { store }: Deps): Promise<void> {
  const ours = await store.ledger.remember(running.work, `handler:${handler.name}`, true).catch(() => true)
  if (!ours) running.end(failure('stale_lease', { fence: running.work.fence }))
}

const turnOf = (handler: Registered, graceMs: number, { clock, deadlines }: Deps): Turn =>
  new Turn({ startedAt: clock.now(), timeoutMs: handler.timeoutMs, graceMs: Math.max(0, graceMs) }, deadlines)

/** Ingestion takes only JSON; what came by a queue or an older version is judged here. */
function parsed({ event: { body } }: Work): EventOf<'*'> | Dead {
  if (body.byteLength === 0) return new Dead('its body is missing or damaged')
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
  } catch {
    return Object.assign(new Dead('not JSON'), { cause: failure('body_not_json') })
  }
}

const returned = (result: Result): boolean => result.kind === 'returned'

const returnedOf = (results: readonly Result[]): string[] =>
  results.flatMap(({ kind, handler }) => (kind === 'returned' && handler !== null ? [handler] : []))

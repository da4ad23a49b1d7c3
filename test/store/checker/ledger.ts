import type { Outcome } from '../../../src/core/outcome.ts'
import type * as transitions from '../../../src/store/transitions.ts'
import type { Row } from '../../../src/store/transitions.ts'
import type { Model, Step } from './explore.ts'
import { brokenBy, type Cause } from './invariants.ts'
import { type Belief, LANE, NOW, type State } from './state.ts'

export type Transitions = typeof transitions

const WORKERS = 2
const LEASE = 1
const BACK_OFF = 1
const ATTEMPTS_MAX = 2

const OUTCOMES: readonly Outcome[] = [
  { kind: 'done', reason: 'worked' },
  { kind: 'retry', delayMs: BACK_OFF, reason: 'failed', error: null },
  { kind: 'wait', delayMs: BACK_OFF, reason: 'later', error: null },
  { kind: 'dead', reason: 'refused', error: null },
]

/**
 * A ledger of three events and two workers, made of nothing but the transitions given: all that deliveries, workers, crashes,
 * clocks and operators can do to it, in every order.
 */
export const ledgerModel = (apply: Transitions): Model<State> => ({
  initial: { rows: LANE.map(() => null), beliefs: Array(WORKERS).fill(null), worked: LANE.map(() => 0) },
  key: keyOf,
  steps: (state) => [
    ...LANE.flatMap((_, event) => eventSteps(apply, state, event)),
    ...state.beliefs.flatMap((_, worker) => workerSteps(apply, state, worker)),
    tick(state),
    boot(apply, state),
  ],
})

function eventSteps(apply: Transitions, state: State, event: number): Step<State>[] {
  const row = state.rows[event] ?? null
  const admitted = apply.admitted(row) === 'new' ? apply.fresh(NOW) : row
  const steps = [changed(state, event, admitted, { action: 'admit', allowed: row === null })]
  if (!row) return steps
  const idle = row.state !== 'running'
  const open = idle && row.state !== 'done'
  steps.push(changed(state, event, apply.reopen(row, NOW), { action: 'reopen', allowed: idle }))
  steps.push(changed(state, event, apply.close(row, 'discarded'), { action: 'discard', allowed: open }))
  steps.push(changed(state, event, apply.close(row, 'quarantined'), { action: 'quarantine', allowed: open }))
  const ranOut = row.state === 'running' && row.leaseEndsAt <= NOW
  steps.push(changed(state, event, apply.expire(row, NOW), { action: 'expire', allowed: ranOut }))
  return steps
}

function workerSteps(apply: Transitions, state: State, worker: number): Step<State>[] {
  const belief = state.beliefs[worker] ?? null
  if (!belief) return LANE.flatMap((_, event) => lease(apply, state, { worker, event }))
  const row = state.rows[belief.event]!
  const own = row.state === 'running' && row.fence === belief.fence && NOW < row.leaseEndsAt
  const { fence, event } = belief
  const who = `worker ${worker} `
  const back = apply.giveBack(row, { fence, now: NOW, delayMs: BACK_OFF })
  const renewed = apply.renew(row, { fence, now: NOW, leaseMs: LEASE })
  return [
    ...OUTCOMES.map((outcome) => settle(apply, state, { worker, belief, own, outcome })),
    changed(state, event, back, { action: 'give back', allowed: own, who }),
    changed(state, event, renewed, { action: 'renew', allowed: own, who }),
    // It dies, or it forgets: nobody tells the ledger.
    { action: `${who}crashes`, state: { ...state, beliefs: state.beliefs.with(worker, null) }, broken: null },
  ]
}

function lease(apply: Transitions, state: State, { worker, event }: { worker: number; event: number }): Step<State>[] {
  const row = state.rows[event]
  if (!row || row.attempts >= ATTEMPTS_MAX) return []
  const laneBusy = state.rows.some((other, i) => i !== event && LANE[i] === LANE[event] && other?.state === 'running')
  const fence = 1 + Math.max(...fencesOf(state))
  const leased = apply.lease(row, { fence, now: NOW, leaseMs: LEASE, laneBusy })
  const allowed = row.state === 'waiting' && row.dueAt <= NOW && !laneBusy
  const cause: Cause = { action: 'lease', allowed, who: `worker ${worker} ` }
  const step = changed(state, event, leased, cause)
  if (!leased) return [step]
  return [{ ...step, state: { ...step.state, beliefs: state.beliefs.with(worker, { event, fence: leased.fence }) } }]
}

function settle(
  apply: Transitions,
  state: State,
  { worker, belief, own, outcome }: { worker: number; belief: Belief; own: boolean; outcome: Outcome },
): Step<State> {
  const before = state.rows[belief.event]!
  const { row, settled } = apply.settle(before, { fence: belief.fence, now: NOW, outcome })
  const cause: Cause = { action: `settle ${outcome.kind}`, allowed: own, who: `worker ${worker} ` }
  const step = changed(state, belief.event, settled === 'settled' || row !== before ? row : null, cause)
  const mine = before.state === 'done' && before.reason === 'worked' && before.fence === belief.fence
  if (step.broken === null && settled === 'already' && !mine) return { ...step, broken: 'already, but nobody did it' }
  if (step.broken === null && own !== (settled === 'settled'))
    return { ...step, broken: `the owner was told ${settled}` }
  return step
}

const tick = (state: State): Step<State> => ({
  action: 'time passes',
  broken: null,
  state: { ...state, rows: state.rows.map((row) => row && sooner(row)) },
})

const sooner = (row: Row): Row => ({
  ...row,
  dueAt: row.dueAt > NOW ? row.dueAt - 1 : row.dueAt,
  leaseEndsAt: row.leaseEndsAt > NOW ? row.leaseEndsAt - 1 : row.leaseEndsAt,
})

/** The ledger's process ends and another begins: every lease is lost. Workers elsewhere may not have heard of it. */
function boot(apply: Transitions, state: State): Step<State> {
  let step: Step<State> = { action: 'the process boots', state, broken: null }
  for (const [event, row] of state.rows.entries()) {
    if (!row || step.broken !== null) continue
    const after = changed(step.state, event, apply.lose(row, NOW), { action: 'lose', allowed: row.state === 'running' })
    step = { action: step.action, state: after.state, broken: after.broken }
  }
  return step
}

/** The state with one row changed (null: the transition refused), and what that breaks. */
function changed(state: State, event: number, after: Row | null, cause: Cause): Step<State> {
  const action = `${cause.who ?? ''}${cause.action} event ${event}`
  if (after === null) {
    return { action, state, broken: cause.allowed ? `${cause.action} was allowed and did nothing` : null }
  }
  const before = state.rows[event] ?? null
  if (after === before) return { action, state, broken: null }
  const worked = cause.action === 'reopen' ? 0 : state.worked[event]! + Number(isWorked(after) && !isWorked(before))
  const next = { ...state, rows: state.rows.with(event, after), worked: state.worked.with(event, worked) }
  return { action, state: next, broken: brokenBy(state, next, { event, cause }) }
}

const isWorked = (row: Row | null): boolean => row?.state === 'done' && row.reason === 'worked'

const fencesOf = (state: State): number[] => [
  0,
  ...state.rows.map((row) => row?.fence ?? 0),
  ...state.beliefs.map((belief) => belief?.fence ?? 0),
]

/**
 * Of fences only this matters: does a belief bear its event's fence, an older or a newer one? Workers are alike, and so are
 * the two events of one lane.
 */
function keyOf(state: State): string {
  const [a, b, c] = LANE.map((_, event) => eventKey(state, event)) as [string, string, string]
  return a < b ? `${a}|${b}|${c}` : `${b}|${a}|${c}`
}

/** An event with who believes to hold it; workers without a name, since each holds one event at most. */
function eventKey({ rows, beliefs, worked }: State, event: number): string {
  const row = rows[event]
  if (!row) return '-'
  const about = beliefs.flatMap((belief) => (belief?.event === event ? [Math.sign(belief.fence - row.fence)] : []))
  return `${rowKey(row)} ${worked[event]} ${about.sort().join()}`
}

function rowKey(row: Row): string {
  const leased = row.fence > 0 ? '+' : '0'
  if (row.state === 'done' || row.state === 'dead') return `${row.reason}${leased}`
  const until = row.state === 'running' ? row.leaseEndsAt : row.dueAt
  return `${row.state[0]}${row.attempts}${row.lost}${Math.max(0, until - NOW)}${leased}`
}

import { type Random, seeded, shuffled } from '../../core/random.ts'
import type { Attempt, Call } from './attempt.ts'
import type { Passed } from './pass.ts'
import { cleanPlan, type Fault, type Harm, type Plan, type Round, type Storm } from './plan.ts'
import type { Trial } from './trial.ts'

/** What a storm tells people. */
export interface About {
  /** After "when": what happens in it. */
  readonly when: string
  /** What usually is the reason, and how it is mended. */
  readonly mend: string
}

const IDEMPOTENT =
  'Make the effect once: `transaction` (embedded), `onceIn` (your own database), a unique row per event that is written together with the effect, or `once(name, key => ...)` with `key` sent on as idempotency key.'

export const ABOUT: Readonly<Record<Storm, About>> = {
  again: {
    when: 'the same events are worked once more, after reset(), by handlers made anew',
    mend: 'Something outlives reset(): a variable of the module (a cache, a counter, a set of ids), or a part of the world that reset() forgets. Or state() tells of something that differs each time (the time, a random id): leave that out.',
  },
  repeat: {
    when: 'an event that is done is worked again, as after an operator’s replay',
    mend: IDEMPOTENT,
  },
  'two processes': {
    when: 'two processes take turns',
    mend: 'A process does not see what another one remembers, and forgets it when it ends: keep it in the database, and read it there each time.',
  },
  failure: {
    when: 'a call fails once, before it has done anything, and the attempt is made again',
    mend: `If something is missing: an error that is caught and not thrown on counts as done, so let it throw. If something is there twice: what ran before the throw ran again. ${IDEMPOTENT}`,
  },
  'lost answer': {
    when: 'a call does its work but its answer gets lost, and the attempt is made again',
    mend: `The receiver has to know the repeat: send the \`key\` of \`once\`, or the event's id, along. ${IDEMPOTENT}`,
  },
  crash: {
    when: 'the process dies and another one works the event again',
    mend: IDEMPOTENT,
  },
  'time-out': {
    when: 'a call answers too late: the handler is aborted, the attempt is made again, and the late one goes on',
    mend: 'After each wait ask `signal.throwIfAborted()` before you write, and give `signal` to what you call. `transaction` and `once` refuse a late hand by themselves.',
  },
  order: {
    when: 'an event arrives after a later one was done',
    mend: '`context.stale` says so: do not let an older event overwrite what a newer one wrote. `created` has whole seconds only, so two events may share one; where that matters, fetch the object from Stripe. What needs something that is not there yet: throw, and it is tried again.',
  },
  'side by side': {
    when: 'events of several customers are worked at the same time',
    mend: 'What is read, changed and written back must not be interrupted: one statement (`set n = n + 1`), one transaction with a lock, or a compare-and-set.',
  },
}

/** Of each storm so many passes are made, the first of their kind first. */
const PASSES_MAX = 6

/** The passes of one storm, by what a clean pass has shown. Empty where this storm cannot be made with these events. */
export function plansOf(storm: Storm, { trial, clean }: { trial: Trial; clean: Passed }): Plan[] {
  const count = trial.events.length
  const random = seeded(trial.seed)
  const plan = (more: Partial<Plan>): Plan => ({ ...cleanPlan(count), storm, ...more })
  const harmed = (harm: Harm, steps: readonly Step[]) =>
    foremost(steps, random).map(({ attempt, call }) => plan({ faults: [faultOf(harm, attempt, call)] }))
  const calls = clean.attempts.flatMap((attempt) => attempt.calls.map((call) => ({ attempt, call })))
  const asyncCalls = calls.filter(({ call }) => call.kind === 'async')
  switch (storm) {
    case 'again':
      return [plan({})]
    case 'repeat':
      return [plan({ replays: 'each' }), plan({ replays: 'end' })]
    case 'two processes':
      return twoProcesses(trial).flatMap((rounds) =>
        (['none', 'each', 'end'] as const).map((replays) => plan({ rounds, replays, processes: 2 })),
      )
    case 'failure':
      return harmed('fails', calls)
    case 'lost answer':
      return harmed('answer lost', calls)
    case 'crash':
      return harmed('dies', [...clean.attempts.map((attempt) => ({ attempt, call: null })), ...calls])
    case 'time-out':
      return [...harmed('late', asyncCalls), ...harmed('very late', asyncCalls)]
    case 'order':
      return count < 2 ? [] : orders(count, random).map((rounds) => plan({ rounds }))
    case 'side by side':
      return customers(trial) < 2
        ? []
        : Array.from({ length: PASSES_MAX }, () => plan({ rounds: [all(count)], jitter: dice(random) }))
  }
}

interface Step {
  readonly attempt: Attempt
  readonly call: Call | null
}

const faultOf = (harm: Harm, { event, handler }: Attempt, call: Call | null): Fault => ({
  ...{ event, handler, harm },
  call: call?.n ?? null,
})

/** One of each kind (handler, call) first, as they come; the rest by the dice. */
function foremost(steps: readonly Step[], random: Random): Step[] {
  const seen = new Set<string>()
  const first: Step[] = []
  const rest: Step[] = []
  for (const step of steps) {
    const kind = `${step.attempt.handler} ${step.call?.n} ${step.call?.name}`
    if (seen.has(kind)) rest.push(step)
    else first.push(step)
    seen.add(kind)
  }
  const most = Math.max(PASSES_MAX, first.length)
  return [...first, ...shuffled(random, rest)].slice(0, most)
}

/** Each customer's events go to A, B, A, ... and to A, B, A, A, B, ...: what one has read is then changed by the other. */
function twoProcesses({ events }: Trial): Round[][] {
  const seen = new Map<string, number>()
  const places = events.map(({ data }) => {
    const customer = customerOf(data.object)
    const place = seen.get(customer) ?? 0
    seen.set(customer, place + 1)
    return place
  })
  return [2, 3].map((each) => places.map((place, n) => ({ events: [n], process: place % each === 1 ? 1 : 0 })))
}

/** Each event as the last of all, then everything the wrong way round, then by the dice. */
function orders(count: number, random: Random): Round[][] {
  const whole = Array.from({ length: count }, (_, n) => n)
  const late = whole.slice(0, -1).map((n) => [...whole.filter((other) => other !== n), n])
  const mixed = Array.from({ length: PASSES_MAX / 2 }, () => shuffled(random, whole))
  return [...shuffled(random, late).slice(0, PASSES_MAX), whole.toReversed(), ...mixed].map(oneByOne)
}

const oneByOne = (order: readonly number[]): Round[] => order.map((n) => ({ events: [n], process: 0 }))
const all = (count: number): Round => ({ events: Array.from({ length: count }, (_, n) => n), process: 0 })
const dice = (random: Random): number => Math.floor(random() * 2 ** 32)

const customers = ({ events }: Trial): number => new Set(events.map(({ data }) => customerOf(data.object))).size

function customerOf(object: object): string {
  const { id = '', customer = id } = object as { id?: string; customer?: unknown }
  return typeof customer === 'string' ? customer : JSON.stringify(customer)
}

/** What is done to a handler to see whether it bears it, in the order in which it is tried. */
export const STORMS = [
  'again',
  'repeat',
  'two processes',
  'failure',
  'lost answer',
  'crash',
  'order',
  'side by side',
  'time-out',
] as const
export type Storm = (typeof STORMS)[number]

/** What befalls one call of one attempt, or (`dies` without a call) the process once the handler has returned. */
export interface Fault {
  /** Its place among the events. Always the first attempt. */
  readonly event: number
  readonly handler: string
  /** 1 for the first call of the attempt; null: after the return. */
  readonly call: number | null
  readonly harm: Harm
}

/**
 * | harm | the call | then |
 * |---|---|---|
 * | `fails` | is not made | it throws |
 * | `answer lost` | is made | it throws |
 * | `dies` | is made | nothing of that process is ever heard again |
 * | `late` | is made | it answers when the time-out has passed and the signal has aborted |
 * | `very late` | is made | it answers when everything else is done, the next attempt too |
 */
export type Harm = 'fails' | 'answer lost' | 'dies' | 'late' | 'very late'

/** Events that are delivered together, to be worked by the process of that number. */
export interface Round {
  readonly events: readonly number[]
  readonly process: number
}

/** One way through the events. The same plan, seed and handlers give the same pass. */
export interface Plan {
  /** Null: the clean pass. */
  readonly storm: Storm | null
  readonly rounds: readonly Round[]
  readonly processes: 1 | 2
  readonly faults: readonly Fault[]
  /** Done events are worked again: each at once, or all when everything is done. */
  readonly replays: 'none' | 'each' | 'end'
  /** Calls of handlers under way together take turns by these dice; null: each takes its one turn. */
  readonly jitter: number | null
}

/** All events in order, each alone, and nothing happens. */
export const cleanPlan = (count: number): Plan => ({
  storm: null,
  rounds: Array.from({ length: count }, (_, n) => ({ events: [n], process: 0 })),
  ...{ processes: 1, faults: [], replays: 'none', jitter: null },
})

/** The same plan over fewer events: those at `kept`, in the order of the list. */
export function planOver(plan: Plan, kept: readonly number[]): Plan {
  const placeOf = new Map(kept.map((event, place) => [event, place]))
  const rounds = plan.rounds.map((round) => ({ ...round, events: round.events.flatMap((n) => placeOf.get(n) ?? []) }))
  const faults = plan.faults.flatMap((fault) => {
    const event = placeOf.get(fault.event)
    return event === undefined ? [] : [{ ...fault, event }]
  })
  return { ...plan, rounds: rounds.filter(({ events }) => events.length > 0), faults }
}

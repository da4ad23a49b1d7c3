import type { Query } from '../../src/store/store.ts'
import type { BenchLedger } from './open.ts'
import { timed } from './run.ts'
import { customerOf, idAt, laneOf, TYPE } from './shape.ts'

/** The longest that each kind of question took, in milliseconds, on a ledger that nobody else asks. */
export interface Probes {
  readonly backlogMs: number
  readonly listMs: number
  readonly lookUpMs: number
}

/** `done` is how many finished events the ledger was prepared with. */
export async function probe(ledger: BenchLedger, done: number): Promise<Probes> {
  return {
    backlogMs: await longest(BACKLOGS, () => ledger.backlog()),
    listMs: await longestOf(LISTS.map((query) => () => ledger.find({ limit: 50, ...query }))),
    lookUpMs: await longestOf(SHARES.map((share) => () => lookUp(ledger, idAt(Math.ceil(done * share))))),
  }
}

const BACKLOGS = 100

// What the console and `events` ask for: the newest, and the newest of a kind.
const LISTS: readonly Partial<Query>[] = [
  {},
  { type: TYPE },
  { customer: customerOf(7) },
  { lane: laneOf(7) },
  { state: 'waiting' },
  { state: 'done' },
  { state: 'dead' },
  { customer: customerOf(7), state: 'done' },
  { type: 'invoice.never_seen' },
]

// Not the oldest: retention may have taken them.
const SHARES = [0.3, 0.6, 0.9]

/** One event with its timeline, by the id that Stripe shows. */
async function lookUp(ledger: BenchLedger, id: string): Promise<void> {
  const { data } = await ledger.find({ id, limit: 2 })
  if (!data[0] || !(await ledger.open(data[0].ref))) throw new Error(`The event ${id} was not found.`)
}

export async function longest(times: number, ask: () => Promise<unknown>): Promise<number> {
  let most = 0
  for (let time = 0; time < times; time++) most = Math.max(most, (await timed(ask)).ms)
  return most
}

async function longestOf(questions: readonly (() => Promise<unknown>)[]): Promise<number> {
  let most = 0
  for (const ask of questions) most = Math.max(most, await longest(3, ask))
  return most
}

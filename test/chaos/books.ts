import { DatabaseSync } from 'node:sqlite'
import type { Entry, Store } from '../../src/store/store.ts'
import { asked } from '../services/postgres-client.ts'
import { openLedger } from './ground.ts'
import { inPostgres } from './ledger.ts'

/** What the ledger and the user's own table say, compared with what was promised. */
export interface Account {
  readonly events: number
  readonly effects: number
  /** Leases that a death of the process ended. */
  readonly lostLeases: number
  readonly wrong: Wrong
}

/** Ids, so that a failure names some; all empty when every promise was kept. */
export interface Wrong {
  /** Answered with 200 and not in the ledger. */
  readonly lost: readonly string[]
  /** Not done. */
  readonly open: readonly string[]
  /** Done without an effect, or an effect without the event. */
  readonly idle: readonly string[]
  readonly doubled: readonly string[]
  /** Lanes in which a later effect bears a lower fence. */
  readonly backwards: readonly string[]
}

export const nothingWrong: Wrong = { lost: [], open: [], idle: [], doubled: [], backwards: [] }

/** Of each kind of wrong so many are named. */
const NAMED_MAX = 20

/** The account of a ledger whose process has ended. */
export async function account(ledger: string, acknowledged: ReadonlySet<string>): Promise<Account> {
  return compared(await looked(ledger), await effectsOf(ledger), acknowledged)
}

/** What a ledger holds, beside what its handlers did and what was promised. */
export function compared(
  { entries, lostLeases }: Looked,
  effects: readonly Effect[],
  acknowledged: ReadonlySet<string>,
): Account {
  const known = new Set(entries.map(({ id }) => id))
  const done = new Set(
    entries.filter(({ state, reason }) => state === 'done' && reason === 'worked').map(({ id }) => id),
  )
  const worked = new Set(effects.map(({ id }) => id))
  const open = entries.filter(({ id }) => !done.has(id))
  const wrong = {
    lost: [...acknowledged].filter((id) => !known.has(id)),
    open: open.map(({ id, state, reason }) => `${id} ${state} ${reason}`),
    idle: [...done, ...worked].filter((id) => !done.has(id) || !worked.has(id)),
    doubled: doubledIn(effects),
    backwards: backwardsIn(effects),
  }
  return { events: entries.length, effects: effects.length, lostLeases, wrong: shortened(wrong) }
}

const shortened = (wrong: Wrong): Wrong =>
  Object.fromEntries(Object.entries(wrong).map(([name, ids]) => [name, named(ids)])) as unknown as Wrong

const named = (ids: readonly string[]): readonly string[] =>
  ids.length <= NAMED_MAX ? ids : [...ids.slice(0, NAMED_MAX), `and ${ids.length - NAMED_MAX} more`]

export interface Looked {
  readonly entries: readonly Entry[]
  readonly lostLeases: number
}

/** All events of a ledger that nobody keeps just now. To look is to start: what was still leased is lost by that. */
export async function looked(ledger: string): Promise<Looked> {
  const store = await openLedger(ledger)
  return entriesOf(store).finally(() => store.close())
}

/** All events of a ledger, and the leases that it lost. */
export async function entriesOf(store: Store): Promise<Looked> {
  const entries: Entry[] = []
  for (let cursor: string | null = null; ; ) {
    const page = await store.ledger.find({ limit: PAGE, cursor })
    entries.push(...page.data)
    if (page.next === null) return { entries, lostLeases: await lostLeasesOf(store) }
    cursor = page.next
  }
}

async function lostLeasesOf({ ledger }: Store): Promise<number> {
  let lost = 0
  for (let cursor: string | null = null; ; ) {
    const { data, next } = await ledger.changes(cursor, PAGE)
    lost += data.filter(({ kind }) => kind === 'lost').length
    if (data.length === 0) return lost
    cursor = next
  }
}

const PAGE = 1_000

export interface Effect {
  readonly id: string
  readonly lane: string
  readonly fence: number
}

/** What the handler `effects` has committed, in the order in which it did. */
export async function effectsOf(ledger: string): Promise<Effect[]> {
  if (inPostgres(ledger))
    return asked(ledger, 'select event_id as id, lane, fence::float8 as fence from effects order by n')
  const db = new DatabaseSync(ledger, { readOnly: true })
  try {
    return db.prepare('select event_id as id, lane, fence from effects order by n').all() as unknown as Effect[]
  } finally {
    db.close()
  }
}

function doubledIn(effects: readonly Effect[]): string[] {
  const times = new Map<string, number>()
  for (const { id } of effects) times.set(id, (times.get(id) ?? 0) + 1)
  return [...times].filter(([, count]) => count > 1).map(([id]) => id)
}

function backwardsIn(effects: readonly Effect[]): string[] {
  const highest = new Map<string, number>()
  const wrong = new Set<string>()
  for (const { lane, fence } of effects) {
    if (fence <= (highest.get(lane) ?? 0)) wrong.add(lane)
    highest.set(lane, fence)
  }
  return [...wrong]
}

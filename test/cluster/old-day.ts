import type { TestContext } from 'node:test'
import { VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import { openPool } from '../../src/store/postgres/driver.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Lead, Store, Want } from '../../src/store/store.ts'
import { handler } from '../../src/testing/scene.ts'
import { envelope } from '../chaos/virtual.ts'
import { ownSchema, type Server } from '../conformance/postgres.ts'
import { postgres } from '../services/postgres.ts'
import { connected } from '../services/postgres-client.ts'
import { type Question, Wire } from './between.ts'

const DAY_MS = 86_400_000
const PARTITIONS = `select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'
  and relname ~ '^hookkeeper_(seen|bodies|history)_[0-9]+$'`

/** A worker that waits for as long as the test may take. */
export const WANT: Want = { max: 10, waitMs: 3_600_000, worker: 'w', release: 'r', handles: [handler()] }

interface Options {
  readonly server?: () => Promise<Server>
  /** How old the events are when retention has its next pass. */
  readonly days?: number
}

/** A ledger with an event of a day that is past its time when retention has its next pass. */
export async function oldDay(t: TestContext, { server = postgres.ready, days = 200 }: Options = {}) {
  const { direct, pooled, drop } = await ownSchema(await server())
  // In reverse: what waits for somebody's transaction ends after that.
  const ends = [drop]
  t.after(async () => {
    for (const end of ends.reverse()) await end().catch(() => {})
  })
  const clock = new VirtualClock()
  const createdAt = clock.now()
  const everyMs = days * DAY_MS
  let pass = Promise.resolve()
  const lead: Lead = (_, work) => (pass = work(new AbortController().signal))
  const open = async () => {
    const pool = await openPool({ url: pooled, connectionsMax: 8, name: 'test' })
    const wire = new Wire(pool)
    const retention = { everyMs }
    const store = await openPostgres({ url: pooled, directUrl: direct, migrates: true, clock, lead, retention, pool })
    ends.push(() => store.close())
    return { store, wire }
  }
  const { store, wire } = await open()
  const event = (more: Partial<Envelope> = {}) => envelope(clock, { createdAt, object: null, ...more })
  await store.ledger.admit([event({ as: 'record' })])
  const client = async () => {
    const one = await connected(direct)
    ends.push(() => one.end())
    return one
  }
  const sql = await client()
  const some = async (what: string) => {
    while ((await sql.query(`select ${what}`)).rowCount === 0);
  }
  return {
    ...{ clock, store, wire, sql, client, event },
    /** Another process. */
    next: async () => (await open()).store,
    left: async () => (await sql.query(PARTITIONS)).rows.map(({ relname }) => relname as string),
    /** The next pass begins. */
    begin: async () => {
      await clock.advance(everyMs)
      return { ended: pass }
    },
    /** Time goes on until then. */
    passes: async (until: Promise<unknown>) => {
      let over = false
      void until.then(() => (over = true))
      while (!over) await clock.advance(1_000)
    },
    /** Somebody's transaction that has used a table and stays open. */
    reader: async (name: string) => {
      const reader = await client()
      await reader.query(`begin; select from hookkeeper_${name}`)
      return reader
    },
    /** Resolves when somebody waits for such a transaction before he takes a day out of that table. */
    leaving: (name: string) =>
      some(`from pg_inherits where inhdetachpending and inhparent = 'hookkeeper_${name}'::regclass`),
    /** Resolves when a statement in which that text is waits for a lock. */
    waiting: (text: string) => some(`from pg_stat_activity where wait_event_type = 'Lock' and query like '%${text}%'`),
  }
}

/** Whoever asks something in which that text is. */
export const asking =
  (text: string) =>
  (question: Question & { readonly text?: string }): boolean =>
    question.text?.includes(text) ?? false

/** What takes a day out of that table. */
export const detaching = (name: string) => asking(`alter table hookkeeper_${name} detach`)

/** The body of an event, as a worker is given it. */
export async function bodyGiven(
  { ledger }: Pick<Store, 'ledger'>,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    const works = await ledger.lease(WANT, signal)
    const work = works.find(({ event }) => event.id === id)
    if (work || works.length === 0) return work && Buffer.from(work.event.body).toString()
  }
}

import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { type Clock, steadyClock, systemClock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Envelope } from '../core/event.ts'
import { type Logger, silent } from '../core/service.ts'
import { Arrival, admit } from './postgres/admit.ts'
import { backlog } from './postgres/backlog.ts'
import { changes } from './postgres/changes.ts'
import { checkPostgres, refusals } from './postgres/check.ts'
import { controlsOver } from './postgres/controls.ts'
import { Desk } from './postgres/desk.ts'
import { openPool, type Sql, sqlOver } from './postgres/driver.ts'
import { edgeKeysOver } from './postgres/edge-keys.ts'
import { find, type Looking } from './postgres/find.ts'
import { migratePostgres, requireSchema } from './postgres/migrate.ts'
import { move } from './postgres/move.ts'
import { Partitions } from './postgres/partitions.ts'
import { Presence } from './postgres/presence.ts'
import { journalOver, locksOver } from './postgres/records.ts'
import { restore } from './postgres/restore.ts'
import { type Retention, Sweeper } from './postgres/retention.ts'
import { Seats } from './postgres/seats.ts'
import { remembersAt, settleInAt } from './postgres/settle-in.ts'
import { shown } from './postgres/shown.ts'
import { open } from './postgres/story.ts'
import { keep, strays } from './postgres/strays.ts'
import { tenantOf } from './postgres/tenants.ts'
import { ServerTime } from './postgres/time.ts'
import { Wakes } from './postgres/wakes.ts'
import { workersOver } from './postgres/workers.ts'
import type { Admitted, Lead, Leased, Ledger, Settlement, Store } from './store.ts'

export interface PostgresOptions {
  /** May lead through a pooler in transaction mode. */
  readonly url: string
  /** Past a pooler: wake-ups and migrations. Without it news are looked for. */
  readonly directUrl?: string | null
  /** Applies what is missing of the schema. Without it a schema that is older is refused. */
  readonly migrates?: boolean
  readonly connectionsMax?: number
  /** Who we are: a new process of one name is the end of the one before. One of its own by default. */
  readonly name?: string
  /** Where the events' instants come from; the server's clock by default. */
  readonly clock?: Clock
  readonly log?: Logger
  readonly retention?: Partial<Retention>
  /** Who does what one process does for all; whoever comes first by default. */
  readonly lead?: Lead
  /** Connections that somebody else made, instead of those to `url`. */
  readonly pool?: Pool
}

const CONNECTIONS = 8
const defaultRetention: Retention = { bodyDays: 30, eventDays: 90, everyMs: 600_000 }

/**
 * A ledger in a Postgres that many processes share. Rejects with `schema_older`, `schema_newer`, `postgres_unfit`, `peer_missing`
 * or `store_failed`.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const { url, directUrl = null, connectionsMax = CONNECTIONS, log = silent } = options
  const name = options.name ?? `hookkeeper ${randomUUID()}`
  const sql = sqlOver(options.pool ?? (await openPool({ url, connectionsMax, name: 'hookkeeper' })))
  const where = shown(url)
  let wakes: Wakes | null = null
  try {
    if (options.migrates) await migrateBy(options, sql, where)
    await requireSchema(sql, where)
    const server = options.clock ? null : await ServerTime.over(sql)
    const time = options.clock ?? server!
    await requireFit(sql, () => time.now())
    wakes = await Wakes.over(directUrl, log)
    const id = `${name} ${randomUUID().slice(0, 8)}`
    const presence = new Presence(url)
    const seats = new Seats(sql, { id, name, presence, told: (told) => server?.heard(told) })
    // From here on an earlier process of our name is no more.
    await seats.beat(null, steadyClock.now())
    return storeOver({ ...options, sql, log, id, seats, presence, time, wakes })
  } catch (error) {
    await Promise.allSettled([wakes?.close(), sql.close()])
    throw error
  }
}

/** A pooler may not take what a migration does. */
async function migrateBy({ directUrl, connectionsMax = CONNECTIONS }: PostgresOptions, sql: Sql, where: string) {
  if (!directUrl) return migratePostgres(sql, where)
  const direct = sqlOver(await openPool({ url: directUrl, connectionsMax, name: 'hookkeeper migrate' }))
  return migratePostgres(direct, where).finally(() => direct.close())
}

async function requireFit(sql: Sql, now: () => number): Promise<void> {
  const [first] = refusals(await checkPostgres(sql, now))
  if (first) throw failure('postgres_unfit', { what: first.what, remedy: first.remedy ?? '' })
}

interface Parts extends PostgresOptions {
  readonly sql: Sql
  readonly log: Logger
  readonly id: string
  readonly seats: Seats
  readonly presence: Presence
  readonly time: Pick<Clock, 'now'>
  readonly wakes: Wakes
}

function storeOver(parts: Parts): Store {
  const { sql, log, id, seats, presence, time, wakes, clock = systemClock } = parts
  // The wall clock may be set back; the ledger's time may not.
  let latest = 0
  const now = () => (latest = Math.max(latest, Math.floor(time.now())))
  const desk = new Desk({ sql, id, seats, log, clock, pace: steadyClock, now })
  const partitions = new Partitions(sql)
  const locks = locksOver(sql, now)
  const retention = { ...defaultRetention, ...parts.retention }
  const take = (lock: string, ttlMs: number) => locks.take(lock, id, ttlMs)
  const admissions = new Set<Promise<unknown>>()
  const underWay = <V>(work: Promise<V>): Promise<V> => {
    const ended = work.catch(() => {}).finally(() => admissions.delete(ended))
    admissions.add(ended)
    return work
  }
  const { lead = whoeverComes } = parts
  const sweeper = new Sweeper({ sql, partitions, clock, log, retention, lead, take, now })
  presence.listen(() => void desk.renounce().catch(() => {}))
  wakes.listen((buckets) => buckets.some((bucket) => seats.owns(bucket)) && desk.stir())
  return {
    name: 'postgres',
    ledger: ledgerOver({ sql, id, seats, desk, partitions, wakes, underWay, now }),
    controls: controlsOver(sql, now, () => desk.controlsVersion()),
    journal: journalOver(sql, now),
    locks,
    edgeKeys: edgeKeysOver(sql, now),
    workers: workersOver(sql, now),
    transact: null,
    settleIn: { write: settleInAt(now, (ref) => desk.doubt(ref)), remembers: remembersAt(sql) },
    check: () => checkPostgres(sql, now),
    backup: () => Promise.reject(failure('backup_elsewhere')),
    async close() {
      await Promise.all(admissions)
      await wakes.close()
      await sweeper.close()
      await desk.close()
      await seats.leave().catch(() => {})
      await presence.close()
      await sql.close()
    },
  }
}

const never = new AbortController().signal
const whoeverComes: Lead = (_, work) => work(never)

/** At 800 events a second a fifth less of the process's time and a third less of the server's, for a millisecond and a half until the 200. */
const GATHER_MS = 2

interface LedgerParts {
  readonly sql: Sql
  readonly id: string
  readonly seats: Seats
  readonly desk: Desk
  readonly partitions: Partitions
  readonly wakes: Wakes
  /** The store closes when it has ended. */
  underWay<V>(work: Promise<V>): Promise<V>
  now(): number
}

function ledgerOver({ sql, id, seats, desk, partitions, wakes, underWay, now }: LedgerParts): Ledger {
  const looking: Looking = {
    sql,
    heldBy: ({ type, lane, tenant }) => desk.book.holds.why({ type, lane, tenant: tenantOf(tenant) }),
  }
  const arrival = new Arrival()
  const admitAll = async (events: readonly Envelope[]): Promise<readonly Admitted[]> => {
    if (events.length === 0) return []
    await seats.admits(steadyClock.now())
    const { answers, newcomers } = await admit({ sql, partitions, arrival, desk, id, now }, events)
    wakes.wake(newcomers.map(({ ref }) => ref))
    return answers
  }
  return {
    admit: (events) => underWay(admitAll(events)),
    gatherMs: GATHER_MS,
    keep: (bytes) => keep(sql, bytes, now()),
    lease: (want, signal) => desk.lease(want, signal),
    settle: (results: readonly Settlement[]) => desk.ask({ kind: 'settle', results }),
    giveBack: (work: readonly Leased[], delayMs) => desk.ask({ kind: 'giveBack', work, delayMs }),
    renew: (work, leaseMs) => desk.ask({ kind: 'renew', work, leaseMs }),
    remember: (work, key, value) => desk.ask({ kind: 'remember', work, key, value }),
    hold: async (holds) => desk.hold(holds),
    find: (query) => find(looking, query),
    open: (ref) => open(looking, ref),
    strays: (cursor, limit) => strays(sql, cursor, limit),
    async move(selection, to, note) {
      const moved = await move(looking, selection, to, note, now)
      desk.stir()
      return moved
    },
    async restore(from, note) {
      const restored = await restore(sql, from, note, now())
      if (restored.kind === 'restored') await desk.renounce()
      return restored
    },
    changes: (cursor, max) => changes(sql, cursor, max),
    async backlog() {
      // What another process moved counts from now on, and not from our next look.
      await desk.lookNow()
      return backlog(sql, { id, buckets: seats.holdings.map(({ bucket }) => bucket), counts: desk.counts() }, now())
    },
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { KIND, stateCode, viaCode } from '../../src/store/codes.ts'
import { migrateSqlite } from '../../src/store/migrate.ts'
import { connect } from '../../src/store/sqlite/connection.ts'
import { subjectKey, typeKey } from '../../src/store/sqlite/keys.ts'
import { customerOf, HELD_TYPE, HOT_LANE, LANES, laneOf, type Shape, TENANT, TYPE } from './shape.ts'

/**
 * Makes a ledger and writes millions of events straight into its tables, day by day and in the order of each table, as the
 * store would have left them. Through the store it would take an hour.
 */
export function fill(path: string, shape: Shape, now: number): void {
  const db = connect(path, { checkpoints: true, syncs: 'commit' })
  try {
    migrateSqlite(db, path)
    db.exec(`pragma synchronous = off; pragma cache_size = -${CACHE_KIB}; pragma temp_store = memory`)
    prepare(db)
    let seq = 0
    const add = (count: number, more: Omit<Part, 'from' | 'to'>) => {
      if (count > 0) write(db, { from: seq + 1, to: seq + count, ...more })
      seq += count
    }
    const today = Math.floor(now / DAY_MS) * DAY_MS
    const aDay = Math.ceil(shape.done / DONE_DAYS)
    for (let day = 0; day < DONE_DAYS; day++) {
      const left = Math.max(0, shape.done - day * aDay)
      add(Math.min(aDay, left), { ...PLAIN, state: 'done', at: today - (DONE_DAYS - day) * DAY_MS })
    }
    add(shape.hot, { ...PLAIN, hot: true, at: today })
    for (const [count, type] of [[shape.held, HELD] as const, [shape.waiting, WORKED] as const]) {
      for (let left = count; left > 0; left -= CHUNK) add(Math.min(left, CHUNK), { ...PLAIN, type, at: today })
    }
    mark(db, seq)
    db.exec('pragma wal_checkpoint(truncate)')
  } finally {
    db.close()
  }
}

/** Events of one day that differ in nothing but number, customer and object. */
interface Part {
  readonly from: number
  readonly to: number
  readonly at: number
  readonly type: number
  readonly state: 'waiting' | 'done'
  readonly hot: boolean
}

const DAY_MS = 86_400_000
const DONE_DAYS = 40
const CHUNK = 250_000
const CACHE_KIB = 262_144
const BODY_BYTES = 2_919

// Numbers of the names that are written below.
const WORKED = 1
const HELD = 2
const VERSION = 3
const ENDPOINT = 4
const WORKER = 5
const RELEASE = 6
const REASON = 7
const NAMES = [TYPE, HELD_TYPE, '2026-04-22.dahlia', 'default', 'bench', '0', 'worked']
const PLAIN = { type: WORKED, state: 'waiting', hot: false } as const

function prepare(db: DatabaseSync): void {
  const insertName = db.prepare('insert into hookkeeper_names (id, name) values (?, ?)')
  NAMES.forEach((name, index) => void insertName.run(index + 1, name))
  db.prepare('insert into hookkeeper_tenants (id, account, connected, livemode) values (1, ?, ?, 0)').run(
    TENANT.account,
    '',
  )

  db.exec('create temp table lane (i integer primary key, lane text, customer text, key integer)')
  const insertLane = db.prepare('insert into lane values (?, ?, ?, ?)')
  for (let lane = 0; lane < LANES; lane++)
    insertLane.run(lane, laneOf(lane), customerOf(lane), subjectKey(customerOf(lane)))
  insertLane.run(LANES, HOT_LANE, 'cus_hot', subjectKey('cus_hot'))
  db.exec('create temp table part (seq integer primary key, lane integer)')
}

function write(db: DatabaseSync, part: Part): void {
  db.exec('begin; delete from temp.part')
  db.prepare(`with recursive n(seq) as (select ?1 union all select seq + 1 from n where seq < ?2)
    insert into temp.part select seq, iif(?3, ${LANES}, seq % ${LANES}) from n`).run(
    part.from,
    part.to,
    part.hot ? 1 : 0,
  )
  writeEvents(db, part)
  writeKeys(db, part)
  if (part.state === 'done') writeLog(db, part)
  else db.exec(`insert into hookkeeper_bodies select seq, zeroblob(${BODY_BYTES}) from temp.part`)
  db.exec('commit')
}

function writeEvents(db: DatabaseSync, { type, state, at }: Part): void {
  const done = state === 'done'
  db.prepare(`insert into hookkeeper_events (seq, id, type, tenant, api_version, endpoint, via, created, received, lane, object,
      customer, rank, urgency, prior, state, held, strict, attempts, lost, due, later, fence, ended, reason, release)
    select seq, ${ID}, ?1, 1, ${VERSION}, ${ENDPOINT}, ${viaCode('webhook')}, ?2, ?2, lane.lane, ${OBJECT},
      customer, 16, 1, 0, ?3, 0, 0, ?4, 0, ?2, 0, seq, ?5, ?6, ?7
    from temp.part join temp.lane on i = part.lane`).run(
    type,
    at,
    stateCode(state),
    done ? 1 : 0,
    done ? at + 2 : null,
    done ? REASON : null,
    done ? RELEASE : null,
  )
  if (done)
    db.exec(
      `insert or ignore into hookkeeper_stretches select distinct ${RELEASE}, seq / 256 from temp.part order by 2`,
    )
  db.exec(`insert into hookkeeper_seen (id, tenant, seq) select ${ID}, 1, seq from temp.part order by seq`)
  db.prepare(`insert into hookkeeper_objects (object, tenant, lane, last, last_created, done_position)
    select ${OBJECT}, 1, lane.lane, seq, ?1, ?2 from temp.part join temp.lane on i = part.lane order by seq`).run(
    at,
    done ? Math.floor(at / 1_000) * 32 + 16 : -1,
  )
}

function writeKeys(db: DatabaseSync, { type, at }: Part): void {
  db.prepare(`insert into hookkeeper_keys (day, key, seq)
    select ?1, key, seq from (
      select ?2 as key, seq from temp.part
      union all select key, seq from temp.part join temp.lane on i = part.lane
    ) order by key, seq`).run(Math.floor(at / DAY_MS), typeKey(type === HELD ? HELD_TYPE : TYPE))
}

/** Leased and done, two lines for each event. */
function writeLog(db: DatabaseSync, { at }: Part): void {
  db.prepare(`insert into hookkeeper_log (n, seq, kind, at, fence, attempt, due, worker, release, reason)
    select 2 * seq - 2 + line, seq, iif(line = 1, ${KIND.lease}, ${KIND.done}), ?1 + line, seq, 1,
      iif(line = 1, ?1 + 40000, null), iif(line = 1, ${WORKER}, null), iif(line = 1, ${RELEASE}, null), iif(line = 2, ${REASON}, null)
    from temp.part, (select 1 as line union all select 2) order by seq, line`).run(at)
  db.exec(
    'insert into hookkeeper_timeline select seq, 2 * seq - 2 + line from temp.part, (select 1 as line union all select 2) order by 1, 2',
  )
}

/** The tables are complete up to here. */
function mark(db: DatabaseSync, seq: number): void {
  db.prepare(`insert or replace into hookkeeper_marks (name, value)
    select 'log', coalesce(max(n), 0) from hookkeeper_log union all select 'keys', ?`).run(seq)
}

const ID = `'evt_1' || printf('%023d', seq)`
const OBJECT = `'ch_1' || printf('%023d', seq)`

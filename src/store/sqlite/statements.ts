import type { DatabaseSync } from 'node:sqlite'

export type Statements = ReturnType<typeof statements>

/** Appends to the log; the writer's connection and a handler's transaction use the same words. */
export const LOG = `
  insert into hookkeeper_log (n, seq, kind, at, fence, attempt, lost, due, later, worker, release, reason, data, prev)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** The number of the log's last line, also when retention has deleted it: the tables were complete up to there at least. */
export const LOG_TAIL = `
  select max(
    (select coalesce(max(n), 0) from hookkeeper_log),
    coalesce((select value from hookkeeper_marks where name = 'log'), 0)
  ) as n`

/** The hot statements, prepared once. Text apart from flow: each is used by one file beside this one. */
export function statements(db: DatabaseSync) {
  return {
    event: db.prepare(`
      insert into hookkeeper_events (seq, id, type, tenant, api_version, endpoint, via, created, received, lane, object, customer,
        rank, urgency, prior, state, held, strict, attempts, lost, due, later, fence, ended, reason, place)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, 0, ?, ?, ?)`),
    stray: db.prepare('insert into hookkeeper_strays (at, source, why, bytes) values (?, ?, ?, ?)'),
    log: db.prepare(LOG),
    logTail: db.prepare(LOG_TAIL),
    logAfter: db.prepare('select * from hookkeeper_log where n > ? order by n'),
    logLine: db.prepare('select * from hookkeeper_log where n = ?'),
    read: db.prepare('select * from hookkeeper_events where seq = ?'),
    stateOf: db.prepare('select state from hookkeeper_events where seq = ?'),
    state: db.prepare(`
      update hookkeeper_events set state = ?, held = ?, strict = ?, attempts = ?, lost = ?, due = ?, later = ?, fence = ?,
        ended = ?, reason = ?, release = ?, twin = ?, last = ? where seq = ?`),
    key: db.prepare('insert or ignore into hookkeeper_keys (day, key, seq) values (?, ?, ?)'),
    mark: db.prepare(
      'insert into hookkeeper_marks (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
    ),
    readMark: db.prepare('select value from hookkeeper_marks where name = ?'),
  }
}

/** A row of hookkeeper_events. */
export interface EventRow {
  seq: number
  id: string
  type: number
  tenant: number
  api_version: number | null
  endpoint: number
  via: number
  created: number
  received: number
  lane: string
  object: string | null
  customer: string | null
  rank: number
  urgency: number
  prior: number
  state: number
  held: number
  strict: number
  attempts: number
  lost: number
  due: number
  later: number
  fence: number
  ended: number | null
  reason: number | null
  release: number | null
  twin: string | null
  /** Where its body lies; null: in the table of bodies. */
  place: number | null
  /** Its last line in the log, as far as the tables know. */
  last: number | null
}

/** A row of hookkeeper_log. */
export interface LogRow {
  n: number
  seq: number
  kind: number
  at: number
  fence: number
  attempt: number | null
  lost: number | null
  due: number | null
  later: number | null
  worker: number | null
  release: number | null
  reason: number | null
  data: string | null
  /** The line before it of the same event. */
  prev: number | null
}

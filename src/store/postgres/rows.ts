import type { Event } from '../../core/event.ts'
import type { Json, State } from '../../core/outcome.ts'
import { KIND, stateOf, viaOf } from '../codes.ts'
import { hash53 } from '../hash.ts'
import type { Entry, Ref } from '../store.ts'
import type { Row } from '../transitions.ts'
import { numbers, smalls } from './arrays.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'
import { type Place, placeOf, refOf } from './refs.ts'
import { tenantOf } from './tenants.ts'

/** All that is known of an event, its body apart: as it stands in the queue, or as its last line left it. */
export interface Known {
  readonly ref: Ref
  readonly place: Place
  readonly id: string
  readonly type: string
  readonly tenant: string
  readonly apiVersion: string | null
  readonly endpoint: string
  readonly via: number
  readonly createdAt: number
  /** In microseconds: the order of arrival. */
  readonly arrived: number
  readonly lane: string
  readonly laneHash: number
  readonly object: string | null
  readonly customer: string | null
  readonly rank: number
  readonly urgency: number
  readonly live: Live
  /** Null: it has left the queue, and can only be reopened. */
  readonly rev: number | null
  /** Only where it was asked for; null past retention. */
  readonly body: Uint8Array | null
}

/** What changes in an event's life. */
export interface Live {
  readonly row: Row
  readonly held: boolean
  readonly strict: boolean
  readonly memory: Readonly<Record<string, Json>>
  readonly holder: string | null
  readonly worker: string | null
  readonly release: string | null
  readonly leasedAt: number | null
  readonly endedAt: number | null
  readonly twin: string | null
}

/** As an admission leaves it. */
export const newborn = (receivedAt: number, held: boolean): Live => ({
  row: {
    ...{
      state: 'waiting',
      fence: 0,
      attempts: 0,
      lost: 0,
      dueAt: receivedAt,
      leaseEndsAt: 0,
      laterAt: 0,
      reason: null,
    },
  },
  held,
  strict: false,
  memory: {},
  ...{ holder: null, worker: null, release: null, leasedAt: null, endedAt: null, twin: null },
})

/** Parameters that name events: place by place, and the days, which spare the planner all other partitions. */
export function named(refs: readonly Ref[]): [Buffer, Buffer, Buffer, number[]] {
  const places = refs.map(placeOf)
  const days = places.map(({ day }) => day)
  return [
    smalls(days),
    smalls(places.map(({ bucket }) => bucket)),
    numbers(places.map(({ n }) => n)),
    [...new Set(days)],
  ]
}

/** Those that are there, in the order asked for. */
export async function readKnown(rows: Sql['rows'], refs: readonly Ref[], more = { bodies: false }): Promise<Known[]> {
  if (refs.length === 0) return []
  const found = await rows<KnownRow>(KNOWN, [...named(refs), more.bodies])
  return found.map(knownOf)
}

/**
 * All that is known of the events of `source`, a relation with day, bucket and n. `days` says of a table which of its days may hold
 * them, `body` of which events the body is read. Only the last line of an event that is not in the queue is looked for.
 */
export const knownOfAll = (source: string, days: (table: string) => string, body: string) => `
select s.day, s.bucket, s.n::float8, s.id, s.type, s.tenant, s.api_version, s.endpoint, s.via, s.created::float8,
  s.arrived::float8, s.lane, s.object, s.customer, s.rank, s.urgency, s.recorded,
  q.rev, q.state, q.held, q.strict, q.attempts, q.lost, q.due::float8, q.ends::float8, q.later::float8, q.fence::float8, q.holder,
  q.worker, q.release, q.leased::float8, q.ended::float8, q.reason, q.twin, q.memory, q.returned,
  h.at::float8 as h_at, h.fence::float8 as h_fence, h.attempt as h_attempt, h.release as h_release, h.reason as h_reason,
  h.data as h_data, b.body, ${body} as whole
from ${source} i
cross join lateral (select * from hookkeeper_seen s where ${days('s')} and s.day = i.day and s.bucket = i.bucket
  and s.n = i.n offset 0) s
left join lateral (select * from hookkeeper_queue q where q.bucket = i.bucket and q.n = i.n offset 0) q on true
left join lateral (
  select * from hookkeeper_history h
  where q.n is null and ${days('h')} and h.day = i.day and h.bucket = i.bucket and h.n = i.n
    and h.kind in (${LINE_KINDS})
  order by h.tx desc, h.k desc limit 1) h on true
left join lateral (
  select body from hookkeeper_bodies b
  where ${body} and ${days('b')} and b.day = i.day and b.bucket = i.bucket and b.n = i.n offset 0) b on true
order by i.ord`

const LINE_KINDS = [KIND.done, KIND.dead, KIND.move].join(', ')

const KNOWN = prepared(
  'known',
  knownOfAll(
    '(select * from unnest($1::int4[], $2::int4[], $3::int8[]) with ordinality a(day, bucket, n, ord))',
    (table) => `${table}.day = any($4::int4[])`,
    '$5::bool',
  ),
)

export interface KnownRow {
  day: number
  bucket: number
  n: number
  id: string
  type: string
  tenant: string
  api_version: string | null
  endpoint: string
  via: number
  created: number
  arrived: number
  lane: string
  object: string | null
  customer: string | null
  rank: number
  urgency: number
  recorded: boolean
  rev: number | null
  h_at: number | null
  h_fence: number | null
  h_attempt: number | null
  h_release: string | null
  h_reason: string | null
  h_data: string | null
  body: Uint8Array | null
  /** Its body was asked for. */
  whole: boolean
}

/** What the line that closes an event keeps for whoever reopens it. */
export interface ClosingData {
  readonly memory?: Readonly<Record<string, Json>>
  readonly twin?: string
  readonly later?: number
}

export function knownOf(row: KnownRow): Known {
  const place = { day: row.day, bucket: row.bucket, n: row.n }
  return {
    ref: refOf(place),
    place,
    ...{ id: row.id, type: row.type, tenant: row.tenant, apiVersion: row.api_version, endpoint: row.endpoint },
    ...{ via: row.via, createdAt: row.created, arrived: row.arrived, lane: row.lane, laneHash: hash53(row.lane) },
    ...{ object: row.object, customer: row.customer, rank: row.rank, urgency: row.urgency },
    live: row.rev === null ? closedOf(row) : liveOf(row as unknown as LiveRow),
    rev: row.rev,
    body: row.body,
  }
}

export interface LiveRow {
  state: number
  held: boolean
  strict: boolean
  attempts: number
  lost: number
  due: number
  ends: number
  later: number
  fence: number
  holder: string | null
  worker: string | null
  release: string | null
  leased: number | null
  ended: number | null
  reason: Row['reason']
  twin: string | null
  memory: string | null
  returned: string[]
}

export const liveOf = (row: LiveRow): Live => ({
  row: {
    state: stateOf(row.state),
    fence: row.fence,
    attempts: row.attempts,
    lost: row.lost,
    dueAt: row.due,
    leaseEndsAt: row.ends,
    laterAt: row.later,
    reason: row.reason,
  },
  held: row.held,
  strict: row.strict,
  memory: { ...(row.memory ? JSON.parse(row.memory) : {}), ...returnedAs(row.returned) },
  ...{ holder: row.holder, worker: row.worker, release: row.release, leasedAt: row.leased },
  ...{ endedAt: row.ended, twin: row.twin },
})

export const returnedAs = (names: readonly string[]): Record<string, true> =>
  Object.fromEntries(names.map((name) => [`handler:${name}`, true]))

/** Done: what is dead stays in the queue. An event that was only recorded has no line. */
function closedOf(row: KnownRow): Live {
  const received = receivedAt(row)
  const never = newborn(received, false)
  const data: ClosingData = row.h_data ? JSON.parse(row.h_data) : {}
  const reason = (row.h_reason ?? (row.recorded ? 'recorded' : null)) as Row['reason']
  return {
    ...never,
    row: {
      ...never.row,
      state: 'done' satisfies State,
      fence: row.h_fence ?? 0,
      attempts: row.h_attempt ?? 0,
      laterAt: data.later ?? 0,
      reason,
    },
    memory: data.memory ?? {},
    release: row.h_release,
    endedAt: row.h_at ?? received,
    twin: data.twin ?? null,
  }
}

export const receivedAt = ({ arrived }: { arrived: number }): number => Math.floor(arrived / 1000)

export const eventOf = (known: Known, body: Uint8Array): Event => ({
  ...{ id: known.id, type: known.type, tenant: tenantOf(known.tenant), apiVersion: known.apiVersion },
  ...{ createdAt: known.createdAt, object: known.object, customer: known.customer, endpoint: known.endpoint },
  via: viaOf(known.via),
  body,
})

/** An event as people see it; `heldBy` says why a rule holds it. */
export function entryOf(known: Known, heldBy: (known: Known) => string | null): Entry {
  const { row, held, endedAt, twin, release } = known.live
  const waits = row.state === 'waiting'
  return {
    ref: known.ref,
    ...{
      id: known.id,
      type: known.type,
      tenant: tenantOf(known.tenant),
      endpoint: known.endpoint,
      via: viaOf(known.via),
    },
    ...{ lane: known.lane, object: known.object, customer: known.customer, apiVersion: known.apiVersion },
    state: row.state,
    held: waits ? (held ? 'restored' : heldBy(known)) : null,
    attempts: row.attempts,
    createdAt: known.createdAt,
    receivedAt: receivedAt(known),
    dueAt: waits ? row.dueAt : null,
    doneAt: endedAt,
    reason: row.reason,
    twinOf: twin,
    release,
  }
}

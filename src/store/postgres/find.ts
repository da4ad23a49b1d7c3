import { failure } from '../../core/errors.ts'
import { fits } from '../fits.ts'
import type { Entry, Page, Query, Ref } from '../store.ts'
import { subjectOf } from '../subject.ts'
import { tailOf } from '../tail.ts'
import type { Sql } from './driver.ts'
import { refOf } from './refs.ts'
import { entryOf, type Known, readKnown } from './rows.ts'
import { wholeObjects } from './siblings.ts'

/** How many rows a page may look at. The next page goes on from there. */
const LOOKED_AT_MAX = 2000
const PORTION_MIN = 50

export interface Looking {
  readonly sql: Sql
  heldBy(known: Known): string | null
}

/** A place in the order of arrival. */
interface At {
  readonly tx: string
  readonly arrived: number
}

/**
 * Newest first. The narrowest road is taken (id, object, lane, customer, queue, arrival); every condition is then checked on the
 * entry itself.
 */
export async function find(looking: Looking, query: Query): Promise<Page<Entry>> {
  const found = await findKnown(looking, query)
  return { data: found.data.map((known) => entryOf(known, looking.heldBy)), next: found.next }
}

export async function findKnown(looking: Looking, query: Query): Promise<Page<Known>> {
  const data: Known[] = []
  let at = cursorOf(query)
  for (let looked = 0; looked < LOOKED_AT_MAX; ) {
    const limit = Math.min(LOOKED_AT_MAX - looked, Math.max(PORTION_MIN, query.limit + 1))
    const candidates = await candidatesOf(looking.sql, query, at, limit)
    const fitting = await fittingOf(looking, query, candidates)
    for (const one of candidates) {
      if (data.length >= query.limit) return { data, next: shown(at) }
      at = one
      looked++
      const known = fitting.get(one.ref)
      if (known) data.push(known)
    }
    if (candidates.length < limit) return { data, next: null }
  }
  return { data, next: shown(at) }
}

const shown = ({ tx, arrived }: At) => `${tx}.${arrived}`

function cursorOf({ cursor }: Query): At {
  if (cursor === undefined || cursor === null) return { tx: `${Number.MAX_SAFE_INTEGER}`, arrived: 0 }
  const [, tx, arrived] = /^(\d{1,19})(?:\.(\d{1,16}))?$/.exec(cursor) ?? []
  if (tx === undefined) throw failure('query_invalid', { what: 'The cursor is not one that this API gave' })
  return { tx, arrived: Number(arrived ?? 0) }
}

async function fittingOf(looking: Looking, query: Query, candidates: readonly Candidate[]) {
  const known = await readKnown(
    looking.sql.again,
    candidates.map(({ ref }) => ref),
  )
  const fitting = known.filter((one) => fits(entryOf(one, looking.heldBy), query))
  const again = query.superseded === undefined ? null : await workableAgain(looking, query, fitting)
  return new Map(
    fitting.flatMap((one) => (again && again.has(one.ref) === query.superseded ? [] : [[one.ref, one] as const])),
  )
}

/** Those of these events, and of all others of their objects, that may be worked again without going back in time. */
export async function workableAgain(
  looking: Looking,
  query: Omit<Query, 'limit' | 'cursor'>,
  of: readonly Known[],
): Promise<Set<Ref>> {
  const alone = of.filter(({ object }) => object === null).map(({ ref }) => ref)
  const siblings = await wholeObjects(
    looking.sql,
    of.filter(({ object }) => object !== null),
  )
  const byObject = Map.groupBy(siblings, ({ tenant, object }) => `${tenant} ${object}`)
  const tails = [...byObject.values()].map((all) =>
    tailOf(
      all.map((one) => ({
        ref: one.ref,
        row: one.live.row,
        selected: fits(entryOf(one, looking.heldBy), query),
        hasBody: () => one.body !== null,
      })),
    ),
  )
  return new Set([...alone, ...tails.flatMap((tail) => [...tail])])
}

interface Candidate extends At {
  readonly ref: Ref
}

async function candidatesOf(sql: Sql, query: Query, before: At, limit: number): Promise<Candidate[]> {
  const { from, where, values } = roadOf(query)
  const tx = from === 'queue' ? 'e.born' : 'e.tx'
  // An order by the name of a column of the answer would be the order of its text.
  const rows = await sql.again<{ day: number; bucket: number; n: number; tx: string; arrived: number }>(
    `select day, bucket, n::float8, ${tx}::text as tx, arrived::float8 from hookkeeper_${from} e
     where (${tx}, arrived) < ($1::xid8, $2::int8) and (${where}) order by ${tx} desc, e.arrived desc limit $3`,
    [before.tx, before.arrived, limit, ...values],
  )
  return rows.map(({ tx, arrived, ...place }) => ({ tx, arrived, ref: refOf(place) }))
}

interface Road {
  readonly from: 'seen' | 'queue'
  /** Its parameters begin at $4. */
  readonly where: string
  readonly values: readonly unknown[]
}

const SUBJECT = "substr(lane, strpos(lane, ':') + 1)"

function roadOf(query: Query): Road {
  const { id, object, lane, customer, state, held, since, until } = query
  if (id !== undefined) return { from: 'seen', where: 'id = $4', values: [id] }
  if (object !== undefined) return { from: 'seen', where: 'object = $4', values: [object] }
  if (lane !== undefined)
    return { from: 'seen', where: `${SUBJECT} = $4 and lane = $5`, values: [subjectOf(lane), lane] }
  if (customer !== undefined)
    return {
      from: 'seen',
      where: `(${SUBJECT} = $4 or customer = $4 and customer <> ${SUBJECT}) and customer = $4`,
      values: [customer],
    }
  if (state === 'dead') return { from: 'queue', where: 'state = 3 and ended is not null', values: [] }
  if (state === 'waiting' || state === 'running' || held) return { from: 'queue', where: 'state < 2', values: [] }
  const bounds = [
    ...(since === undefined ? [] : [`arrived >= ${Number(since)}::int8 * 1000`]),
    ...(until === undefined ? [] : [`arrived < (${Number(until)}::int8 + 1) * 1000`]),
  ]
  return { from: 'seen', where: bounds.join(' and ') || 'true', values: [] }
}

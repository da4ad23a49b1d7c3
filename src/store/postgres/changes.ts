import { failure } from '../../core/errors.ts'
import { ENDINGS, KIND } from '../codes.ts'
import type { Change, Changes } from '../store.ts'
import type { Sql } from './driver.ts'
import { refOf } from './refs.ts'
import { tenantOf } from './tenants.ts'

const KINDS: Readonly<Record<number, Change['kind']>> = {
  ...ENDINGS,
  [KIND.lease]: 'leased',
  [KIND.move]: 'moved',
  0: 'admitted',
}

/**
 * A cursor is two snapshots and a place between them: what the later one sees and the earlier did not, in an order of its own.
 * Nothing can commit into that, whatever was open when a reader came by; when it is all told, the next stretch begins.
 */
export async function changes(sql: Sql, cursor: string | null, max: number): Promise<Changes> {
  const stretch = await stretchOf(sql, cursor)
  const told = await tell(sql, stretch, max)
  const last = told.at(-1)
  const data = told.flatMap(changeOf)
  if (!last || told.length < max) return { data, next: stretch.to }
  return { data, next: `${stretch.from}/${stretch.to}/${last.tx}.${last.kind === 0 ? 0 : 1}.${last.k}` }
}

interface Stretch {
  readonly from: string
  readonly to: string
  /** Told up to here; null: nothing of it yet. */
  readonly at: { readonly tx: string; readonly source: number; readonly k: string } | null
}

const BEGINNING = '1:1:'
const SNAPSHOT = /^\d+:\d+:[\d,]*$/

async function stretchOf(sql: Sql, cursor: string | null): Promise<Stretch> {
  const [from = '', to, place] = (cursor ?? BEGINNING).split('/')
  if (to !== undefined && place !== undefined) {
    const [tx = '', source = '', k = ''] = place.split('.')
    if (!SNAPSHOT.test(from) || !SNAPSHOT.test(to) || ![tx, source, k].every((part) => /^\d+$/.test(part)))
      throw foreign()
    return { from, to, at: { tx, source: Number(source), k } }
  }
  const [now] = await sql.again<{ now: string }>('select pg_current_snapshot()::text as now')
  if (cursor === 'now') return { from: now!.now, to: now!.now, at: null }
  if (!SNAPSHOT.test(from)) throw foreign()
  return { from, to: now!.now, at: null }
}

const foreign = () => failure('query_invalid', { what: 'The cursor is not one that this ledger gave' })

interface Told {
  readonly tx: string
  readonly kind: number
  readonly k: string
  readonly day: number
  readonly bucket: number
  readonly n: number
  readonly id: string | null
  readonly type: string
  readonly tenant: string
  readonly at: number
  readonly reason: string | null
}

async function tell(sql: Sql, { from, to, at }: Stretch, max: number): Promise<Told[]> {
  if (from === to) return []
  const [, xmax = '1', xip = ''] = from.split(':')
  const { tx, source, k } = at ?? { tx: '0', source: 0, k: '0' }
  return sql.again<Told>(TELL, [to, xmax, `{${xip}}`, tx, source, k, max])
}

function changeOf(told: Told): Change[] {
  const { id, type, at, reason, kind } = told
  if (id === null) return []
  return [{ ref: refOf(told), id, type, tenant: tenantOf(told.tenant), at, kind: KINDS[kind]!, reason }]
}

// The branches walk an index each, in its order, from where the last page ended.
const branch = (source: number, table: string, columns: string, k: string, when: string) => `
  (select ${columns} from hookkeeper_${table} t
   where ${when} and pg_visible_in_snapshot(t.tx, $1::pg_snapshot) and (t.tx, ${source}, ${k}) > ($4::xid8, $5::int4, $6::int8)
   order by t.tx, ${k} limit $7)`

const both = (source: number, table: string, columns: string, k: string, also: string) =>
  ['t.tx >= $2::xid8 and t.tx >= $4::xid8', 't.tx = any ($3::xid8[]) and t.tx < $2::xid8']
    .map((when) => branch(source, table, columns, k, `${when} and ${also}`))
    .join(' union all ')

const ARRIVAL = 'tx, 0 as source, arrived as k, 0 as kind, day, bucket, n, arrived / 1000 as at, null::text as reason'
const LINE = 'tx, 1 as source, k, kind, day, bucket, n, at, reason'
const LINE_KINDS = Object.keys(KINDS).filter((kind) => kind !== '0')

// A line whose event is past retention is passed over, but counts for the page.
const TELL = `
with told as (
  select * from (
    ${both(0, 'seen', ARRIVAL, 'arrived', 'true')}
    union all
    ${both(1, 'history', LINE, 'k', `t.kind in (${LINE_KINDS.join(', ')})`)}
  ) t order by tx, source, k limit $7
)
select t.tx::text, t.kind::int4, t.k::text, t.day, t.bucket, t.n::float8, s.id, s.type, s.tenant, t.at::float8, t.reason
from told t left join lateral (
  select id, type, tenant from hookkeeper_seen s where s.day = t.day and s.bucket = t.bucket and s.n = t.n offset 0) s on true
order by t.tx, t.source, t.k`

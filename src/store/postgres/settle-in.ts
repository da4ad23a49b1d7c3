import { failure } from '../../core/errors.ts'
import type { SettleIn } from '../store.ts'
import { postgresFailed, type Sql } from './driver.ts'
import { placeOf } from './refs.ts'

/**
 * The store's half of a transaction of the user's own: the fence is checked and what is done is written by one statement of it, so
 * that all of it commits or nothing. It is a statement that changes rows, because their number is what every driver tells.
 */
export const settleInAt =
  (now: () => number, doubt: (ref: number) => void): SettleIn['write'] =>
  async (tx, work, handler) => {
    const { bucket, n } = placeOf(work.ref)
    const lease = [bucket, n, work.fence, now()]
    const [sql, values] = handler.last ? [LAST, lease] : [NOT_LAST, [...lease, handler.name]]
    doubt(work.ref)
    const { rows } = await tx
      .query(sql, values.map(String))
      .catch((error: unknown) => Promise.reject(postgresFailed(error)))
    if (rows !== 1) throw failure('stale_lease', { fence: work.fence })
  }

const NOT_LAST = `update hookkeeper_queue set rev = rev + 1, returned = array_append(returned, $5::text)
where bucket = $1::int4 and n = $2::int8 and state = 1 and fence = $3::int8 and ends > $4::int8`

// The event leaves the queue for the news: its bucket's owner hears of it there.
const LAST = `insert into hookkeeper_news (bucket, n, day)
select bucket, n, day from hookkeeper_settle($1::int4, $2::int8, $3::int8, $4::int8)`

export const remembersAt =
  (sql: Pick<Sql, 'again'>): SettleIn['remembers'] =>
  async ({ ref, fence }, name) => {
    const { bucket, n } = placeOf(ref)
    return (await sql.again(REMEMBERS, [bucket, n, fence, name])).length === 1
  }

const REMEMBERS =
  'select 1 from hookkeeper_queue where bucket = $1::int4 and n = $2::int8 and fence = $3::int8 and $4::text = any(returned)'

import type { Envelope } from '../../core/event.ts'
import { KIND, stateCode } from '../codes.ts'
import { epochsSince, madeBefore, type Restored } from '../restore.ts'
import type { Note } from '../store.ts'
import type { Sql } from './driver.ts'
import { FENCES } from './seats.ts'

/** What is known of the back-ups that this database came out of. */
export class Restores {
  readonly #sql: Sql
  #at = 0

  constructor(sql: Sql) {
    this.#sql = sql
  }

  async load(): Promise<void> {
    const [row] = await this.#sql.again<{ at: number }>(
      'select coalesce(max(at), 0)::float8 as at from hookkeeper_restores',
    )
    this.#at = row!.at
  }

  /** What came after a restore but was made before it may have been worked by the ledger that was lost. */
  heldBack(event: Envelope): Envelope {
    return event.as === 'work' && madeBefore(event.createdAt, this.#at) ? { ...event, as: 'hold' } : event
  }

  /** All in one transaction, however much is open: half of it held would be half of it worked twice. */
  async restore(from: number, note: Note, now: number): Promise<Restored> {
    const restored = await this.#sql.together(async (rows): Promise<Restored> => {
      // Nobody takes a bucket or leases from one meanwhile.
      await rows('select bucket from hookkeeper_buckets order by bucket for update')
      const [before] = await rows<{ at: number; held: number }>(
        'select at::float8, held from hookkeeper_restores where back = $1',
        [from],
      )
      if (before) return { kind: 'already', ...before }
      // Whoever has one loses it.
      await rows('update hookkeeper_buckets set owner = null, epoch = epoch + 1, fence = fence + $1', [
        epochsSince({ from, now }) * FENCES,
      ])
      await rows(LOSE, [now, KIND.lost, stateCode('running'), stateCode('waiting')])
      const held = { ...note, to: 'hold', forget: 'nothing', state: 'waiting', held: true }
      const [counted] = await rows<{ held: number }>(HOLD, [
        ...[now, KIND.move, stateCode('waiting'), JSON.stringify(held)],
      ])
      await rows('insert into hookkeeper_restores (back, at, held) values ($1, $2, $3)', [from, now, counted!.held])
      return { kind: 'restored', at: now, held: counted!.held }
    })
    this.#at = Math.max(this.#at, restored.at)
    return restored
  }
}

const LOSE = `
with lost as (
  update hookkeeper_queue set rev = rev + 1, state = $4::int4, lost = lost + 1, due = $1::int8, ends = 0, strict = false,
    holder = null, tx = pg_current_xact_id()
  where state = $3::int4 returning *
)
insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, lost, due, later)
select day, bucket, n, row_number() over (order by bucket, n), $2::int4, $1::int8, fence, attempts, lost, due, nullif(later, 0)
from lost`

const HOLD = `
with held as (
  update hookkeeper_queue set rev = rev + 1, held = true, tx = pg_current_xact_id()
  where state = $3::int4 and not held returning *
), lines as (
  insert into hookkeeper_history (day, bucket, n, k, kind, at, fence, attempt, lost, due, later, data)
  select day, bucket, n, 1000000000 + row_number() over (order by bucket, n), $2::int4, $1::int8, fence, attempts, lost, due,
    nullif(later, 0), $4::text
  from held
)
select count(*)::int4 as held from held`

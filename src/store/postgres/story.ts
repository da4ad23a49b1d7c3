import type { Chapter, Ref, Story } from '../store.ts'
import { type Line, timelineOf } from '../timeline.ts'
import type { Looking } from './find.ts'
import { placeOf } from './refs.ts'
import { entryOf, readKnown } from './rows.ts'

/** An event with its body and all that happened to it. */
export async function open(looking: Looking, ref: Ref): Promise<Story | null> {
  const [known] = await readKnown(looking.sql.again, [ref], { bodies: true })
  if (!known) return null
  return { entry: entryOf(known, looking.heldBy), timeline: await timeline(looking, ref), body: known.body }
}

async function timeline({ sql }: Looking, ref: Ref): Promise<Chapter[]> {
  const { day, bucket, n } = placeOf(ref)
  const rows = await sql.again<Omit<Line, 'data'> & { data: string | null }>(
    `select kind, at::float8, fence::float8, attempt, due::float8, worker, release, reason, data from hookkeeper_history
     where day = $1 and bucket = $2 and n = $3 order by tx, k`,
    [day, bucket, n],
  )
  return timelineOf(rows.map((row) => ({ ...row, data: row.data === null ? null : JSON.parse(row.data) })))
}

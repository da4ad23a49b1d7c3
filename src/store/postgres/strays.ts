import { failure } from '../../core/errors.ts'
import type { Page, Stray } from '../store.ts'
import { bytes, texts } from './arrays.ts'
import type { Sql } from './driver.ts'

/** What is no event is kept whole: somebody may need it, and throwing it away would hide that it came. */
export async function keep(
  sql: Sql,
  strays: readonly { bytes: Uint8Array; source: string; why: string }[],
  at: number,
): Promise<void> {
  if (strays.length === 0) return
  await sql.rows(
    `insert into hookkeeper_strays (at, source, why, bytes)
     select $1, s.source, s.why, s.bytes from unnest($2::text[], $3::text[], $4::bytea[]) with ordinality s(source, why, bytes, ord)
     order by ord`,
    [
      at,
      texts(strays.map(({ source }) => source)),
      texts(strays.map(({ why }) => why)),
      bytes(strays.map((one) => one.bytes)),
    ],
  )
}

export async function strays(sql: Sql, cursor: string | null, limit: number): Promise<Page<Stray>> {
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor)
  if (!Number.isSafeInteger(before))
    throw failure('query_invalid', { what: 'The cursor is not one that this API gave' })
  const data = await sql.again<Stray>(
    'select id::float8, at::float8, source, why, bytes from hookkeeper_strays where id < $1 order by id desc limit $2',
    [before, limit],
  )
  return { data, next: data.length === limit ? String(data.at(-1)!.id) : null }
}

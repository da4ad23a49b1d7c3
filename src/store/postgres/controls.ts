import type { Control, Controls } from '../store.ts'
import type { Sql } from './driver.ts'
import { prepared } from './prepared.ts'

/** Changes whenever one is written or lifted: an expression that a look can ask beside its news. */
export const CONTROLS_VERSION =
  "(select coalesce(string_agg(id || ' ' || xmin::text, ',' order by id), '') from hookkeeper_controls)"

const LIVE = prepared(
  'controls',
  `select id, kind, target, by, why, at::float8, expires::float8 as "expiresAt" from hookkeeper_controls
   where expires > $1 order by at, id`,
)

/** `versionNow`: by a look of this moment, so that they are read only when they have changed; null where nobody looks. */
export const controlsOver = (sql: Sql, now: () => number, versionNow: () => Promise<string | null>): Controls => ({
  async put({ ttlMs, ...wish }) {
    const at = now()
    const control: Control = { ...wish, at, expiresAt: at + ttlMs }
    await sql.again(
      `with old as (delete from hookkeeper_controls where expires <= $6 and id <> $1)
       insert into hookkeeper_controls (id, kind, target, by, why, at, expires) values ($1, $2, $3::jsonb, $4, $5, $6, $7)
       on conflict (id) do update set kind = excluded.kind, target = excluded.target, by = excluded.by, why = excluded.why,
         at = excluded.at, expires = excluded.expires`,
      [control.id, control.kind, JSON.stringify(control.target), control.by, control.why, at, control.expiresAt],
    )
    return control
  },
  live: liveOver(sql, now, versionNow),
  async lift(id) {
    const lifted = await sql.rows('delete from hookkeeper_controls where id = $1 and expires > $2 returning 1', [
      id,
      now(),
    ])
    return lifted.length > 0
  },
})

function liveOver(sql: Sql, now: () => number, versionNow: () => Promise<string | null>): Controls['live'] {
  let known: { readonly version: string; readonly live: readonly Control[] } | null = null
  return async () => {
    const version = await versionNow()
    if (version === null) return sql.again<Control>(LIVE, [now()])
    // Read after its version was: it may be newer than that, never older.
    if (version !== known?.version) known = { version, live: await sql.again<Control>(LIVE, [now()]) }
    return known.live.filter(({ expiresAt }) => expiresAt > now())
  }
}

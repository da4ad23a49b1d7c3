import { dayOf, type EdgeKey, type EdgeKeys } from '../edge-keys.ts'
import type { Sql } from './driver.ts'

const COLUMNS = 'day, id, wrapped, made::float8 as "madeAt"'

/** The keys of the vault, for every process on this database. */
export const edgeKeysOver = (sql: Sql, now: () => number): EdgeKeys => ({
  async offer({ day, id, wrapped }) {
    // The update changes nothing: it is what makes a day's key that somebody else commits meanwhile come back as the answer.
    const [key] = await sql.again<EdgeKey>(
      `insert into hookkeeper_edge_keys as k (day, id, wrapped, made) values ($1, $2, $3, $4)
       on conflict (day) do update set day = k.day returning ${COLUMNS}`,
      [day, id, wrapped, now()],
    )
    return key!
  },
  known: () => sql.again<EdgeKey>(`select ${COLUMNS} from hookkeeper_edge_keys order by day`),
  async destroy(days) {
    const gone = await sql.again('delete from hookkeeper_edge_keys where day < $1 returning 1', [dayOf(now()) - days])
    return gone.length
  },
})

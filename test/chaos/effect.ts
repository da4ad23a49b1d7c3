import type { Handler } from '../../src/index.ts'

/** A row for each run that commits, with no key that could hide a second one. */
export const commitEffect: Handler = ({ id }, { transaction, lane, fence, attempt }) =>
  transaction((db) => {
    db.exec(EFFECTS)
    db.prepare('insert into effects (event_id, lane, fence, attempt) values (?, ?, ?, ?)').run(id, lane, fence, attempt)
  })

const EFFECTS = `create table if not exists effects
  (n integer primary key, event_id text, lane text, fence integer, attempt integer)`

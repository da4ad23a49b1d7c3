/** A transaction of yours in a database of yours. `rows` is how many rows the statement changed. */
export interface EffectsTx {
  readonly dialect: Dialect
  query(sql: string, values: readonly string[]): Promise<{ rows: number }>
}

export type Dialect = 'postgres' | 'mysql' | 'sqlite'

/** The statement that makes the table for `onceIn`. */
export const effectsTable = (dialect: Dialect): string => TABLES[dialect]

/** True when the row is new. Where another transaction has written it and not yet ended, the database waits for that one. */
export async function insertEffect(tx: EffectsTx, key: string): Promise<boolean> {
  const { rows } = await tx.query(INSERTS[tx.dialect], [key])
  return rows > 0
}

const TABLES: Readonly<Record<Dialect, string>> = {
  postgres: `create table if not exists hookkeeper_effects (
  key text primary key,
  at timestamptz not null default now()
)`,
  mysql: `create table if not exists hookkeeper_effects (
  \`key\` char(32) primary key,
  at timestamp not null default current_timestamp
)`,
  sqlite: `create table if not exists hookkeeper_effects (
  key text primary key,
  at text not null default current_timestamp
) without rowid`,
}

// `insert ignore`, because an upsert that changes nothing counts as a changed row with drivers that ask MySQL for found rows.
const INSERTS: Readonly<Record<Dialect, string>> = {
  postgres: 'insert into hookkeeper_effects (key) values ($1) on conflict (key) do nothing',
  mysql: 'insert ignore into hookkeeper_effects (`key`) values (?)',
  sqlite: 'insert into hookkeeper_effects (key) values (?) on conflict (key) do nothing',
}

import { after, test } from 'node:test'
import { onPostgres } from '../chaos/ground.ts'
import { ownSchema, type Server } from '../conformance/postgres.ts'

/** What the promises are kept on. */
export interface Kept {
  readonly name: string
  readonly skip: string | false
  readonly again?: boolean
  ready(): Promise<Server>
}

/** Those about a file of SQLite (a full disk, its syncs) are not among them. */
const ALL = [
  ...['bad-input', 'buyers-first', 'drained', 'flooded', 'killed', 'lanes'],
  ...['once', 'restored', 'retried', 'stopped', 'unleaked'],
]

/** What is over in seconds. */
const QUICK = ['once']
/** The trial of a whole cluster kills and stops processes too. */
const LONG = ['killed', 'drained']

/**
 * The promises of `test/promises/`, kept by a ledger in Postgres. `again`: by another Postgres than the first, where `npm test` tries
 * the quick ones and `npm run chaos` all of them, at a tenth of their size.
 */
export async function promises({ name, skip, ready, again = false }: Kept): Promise<void> {
  if (skip) return void test(`the promises on ${name}`, { skip })
  const drops: (() => Promise<unknown>)[] = []
  // At the end of all, when nobody is at them any more. A server that was started for this file has ended by then.
  after(() => Promise.all(drops.map((drop) => drop().catch(() => {}))))
  onPostgres(async () => {
    const { pooled, drop } = await ownSchema(await ready())
    drops.push(drop)
    return pooled
  })
  const whole = process.env['TEST_SIZE'] === 'full'
  const which = whole ? ALL : again ? QUICK : ALL.filter((name) => !LONG.includes(name))
  // Before the module that reads it is loaded.
  if (again) process.env['TEST_SIZE'] = 'tenth'
  for (const file of which) await import(`../promises/${file}.test.ts`)
}

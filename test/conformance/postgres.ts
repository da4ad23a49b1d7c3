import pg from 'pg'
import { VirtualClock } from '../../src/core/clock.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import type { Harness } from '../../src/testing/harness.ts'

const DAY_MS = 86_400_000
// Days pass in some trials: a look every ten of them is enough for retention there.
const retention = { everyMs: 10 * DAY_MS }

export interface Server {
  /** Of any database of it. */
  readonly url: string
  /** Where its clients connect, with the database's name in place of this one; the server itself by default. */
  readonly through?: (database: string) => string
}

let databases = 0

/** A ledger in a database of its own on that server, on a clock that stands still until told. */
export const onPostgres = (server: () => Promise<Server>): Harness => ({
  offers: ['clock', 'crash'],
  async open() {
    const { url, through } = await server()
    const database = await createDatabase(url)
    const direct = urlOf(url, database)
    const clock = new VirtualClock()
    const pools: pg.Pool[] = []
    const open = async () => {
      const pool = new pg.Pool({ connectionString: through ? through(database) : direct, max: 6 })
      pool.on('error', () => {})
      pools.push(pool)
      return openPostgres({ url: direct, directUrl: direct, migrates: true, name: 'one', clock, retention, pool })
    }
    const opened: Store[] = [await open()]
    return {
      store: opened[0]!,
      clock: { now: () => clock.now(), advance: (ms) => advanced(clock, ms, pools) },
      async reopen(how) {
        if (how === 'clean') await opened.pop()!.close()
        else await killed(pools.at(-1)!)
        opened.push(await open())
        return opened.at(-1)!
      },
      async close() {
        for (const store of opened) await store.close()
        await dropDatabase(url, database)
      },
    }
  },
})

async function createDatabase(url: string): Promise<string> {
  const database = `hookkeeper_${process.pid}_${++databases}`
  await ask(url, `create database ${database}`)
  return database
}

const dropDatabase = (url: string, database: string) => ask(url, `drop database ${database} with (force)`)

export async function ask<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

export function urlOf(url: string, database: string): string {
  const named = new URL(url)
  named.pathname = `/${database}`
  return named.href
}

/** Time goes on, and whatever that set off has been written. */
async function advanced(clock: VirtualClock, ms: number, pools: readonly pg.Pool[]): Promise<void> {
  await clock.advance(ms)
  await quiet(pools)
}

const QUIET_TURNS = 20

async function quiet(pools: readonly pg.Pool[]): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (pools.some(({ totalCount, idleCount, waitingCount }) => totalCount !== idleCount || waitingCount > 0)) turns = -1
  }
}

/** What `kill -9` does: the connections are gone, and whoever used them gets no further word in. */
async function killed(pool: pg.Pool): Promise<void> {
  const dead = () => Promise.reject(Object.assign(new Error('killed'), { code: 'ECONNRESET' }))
  const end = pool.end.bind(pool)
  Object.assign(pool, { query: dead, connect: dead, end: async () => {} })
  await end()
}

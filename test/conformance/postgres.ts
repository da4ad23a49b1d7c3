import { after, describe, test } from 'node:test'
import pg from 'pg'
import { VirtualClock } from '../../src/core/clock.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import type { Harness, Opened } from '../../src/testing/harness.ts'
import { lockSuite } from '../../src/testing/lock-suite.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'
import { asked } from '../services/postgres-client.ts'
import type { Service } from '../services/service.ts'
import { locksOf } from './locks.ts'

const DAY_MS = 86_400_000
// Days pass in some trials: a look every ten of them is enough for retention there.
const retention = { everyMs: 10 * DAY_MS }

export interface Server {
  /** Of a superuser. */
  readonly url: string
  /** A pooler before it, for the ledger's own statements. */
  readonly pooled?: string
}

let schemas = 0

export interface Schema {
  /** URLs of a ledger there. */
  readonly direct: string
  readonly pooled: string
  drop(): Promise<unknown>
}

/** A schema of its own with a role that finds it without being told: that goes through a pooler, and is quicker than a database. */
export async function ownSchema({ url, pooled }: Server): Promise<Schema> {
  const name = `hookkeeper_${process.pid}_${++schemas}`
  await asked(
    url,
    `create role ${name} superuser login; create schema ${name}; alter role ${name} set search_path = ${name}`,
  )
  return {
    direct: as(name, url),
    pooled: as(name, pooled ?? url),
    drop: () => asked(url, `drop schema ${name} cascade; drop role ${name}`),
  }
}

/** To make the tables takes longer than most of what is tried on them, so a schema serves again once it is emptied. */
class Schemas {
  readonly #server: () => Promise<Server>
  readonly #spare: Schema[] = []

  constructor(server: () => Promise<Server>) {
    this.#server = server
  }

  async take(): Promise<Schema> {
    return this.#spare.pop() ?? ownSchema(await this.#server())
  }

  /** Nobody uses it any more. */
  async give(schema: Schema): Promise<void> {
    await asked(schema.direct, EMPTY)
    this.#spare.push(schema)
  }

  async drop(): Promise<void> {
    for (const schema of this.#spare.splice(0)) await schema.drop()
  }
}

/** As it was after the migrations, but for the days that have partitions. */
const EMPTY = `
do $$ declare name text; begin
  for name in select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
    and not relispartition and relname not in ('hookkeeper_schema', 'hookkeeper_buckets') loop
    execute format('delete from %I', name);
  end loop;
  update hookkeeper_buckets set owner = null, epoch = 0, fence = 0;
  for name in select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'S' loop
    execute format('alter sequence %I restart', name);
  end loop;
end $$`

/** A ledger of its own on that server, on a clock that stands still until told. To be called where tests are defined. */
export function onPostgres(server: () => Promise<Server>): Harness {
  const schemas = new Schemas(server)
  after(() => schemas.drop().catch(unlessEnded))
  return { offers: ['clock', 'crash'], open: () => opened(schemas) }
}

/** A server that was started here has ended before, and the schemas with it; one whose URL was given goes on without them. */
function unlessEnded(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ECONNREFUSED') throw error
}

async function opened(schemas: Schemas): Promise<Opened> {
  const schema = await schemas.take()
  const { direct, pooled } = schema
  const clock = new VirtualClock()
  const pools: Mortal[] = []
  const open = async () => {
    const mortal = new Mortal(pooled)
    pools.push(mortal)
    const { pool } = mortal
    return openPostgres({ url: direct, directUrl: direct, migrates: true, name: 'one', clock, retention, pool })
  }
  const stores: Store[] = [await open()]
  return {
    store: stores[0]!,
    clock: { now: () => clock.now(), advance: (ms) => advanced(clock, ms, pools) },
    async reopen(how) {
      if (how === 'clean') await stores.pop()!.close()
      else await pools.at(-1)!.kill()
      stores.push(await open())
      return stores.at(-1)!
    },
    async close() {
      for (const store of stores) await store.close()
      await schemas.give(schema)
    },
  }
}

function as(user: string, url: string): string {
  const named = new URL(url)
  named.username = user
  return named.href
}

/** Time goes on, and whatever that set off has been written. */
async function advanced(clock: VirtualClock, ms: number, pools: readonly Mortal[]): Promise<void> {
  await clock.advance(ms)
  await quiet(pools)
}

const QUIET_TURNS = 20

async function quiet(pools: readonly Mortal[]): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    const busy = pools.filter((pool) => pool.busy)
    await Promise.all(busy.map((pool) => pool.answered()))
    if (busy.length > 0) turns = -1
  }
}

/** Connections that can be killed as `kill -9` does: whoever used them gets no further word in, and none back. */
class Mortal {
  /** What the ledger uses of a pool. */
  readonly pool: pg.Pool
  readonly #real: pg.Pool
  readonly #running = new Set<Promise<unknown>>()
  #kill: (error: Error) => void = () => {}
  #dead = false

  constructor(connectionString: string) {
    const real = new pg.Pool({ connectionString, max: 6 })
    real.on('error', () => {})
    this.#real = real
    const death = new Promise<never>((_, reject) => (this.#kill = reject))
    death.catch(() => (this.#dead = true))
    const alive = <V>(work: () => Promise<V>) => Promise.race([death, this.#dead ? death : work()])
    real.on('connect', (client) => {
      const query = client.query.bind(client) as (...asked: unknown[]) => Promise<unknown>
      client.query = ((...asked: unknown[]) => alive(() => this.#under(query(...asked)))) as never
    })
    const facade: Pick<pg.Pool, 'connect' | 'end'> = {
      connect: () => alive(() => this.#connect()),
      end: async () => void (this.#dead || (await real.end())),
    }
    this.pool = facade as pg.Pool
  }

  get busy(): boolean {
    return this.#real.totalCount !== this.#real.idleCount || this.#real.waitingCount > 0
  }

  async #connect(): Promise<pg.PoolClient> {
    const client = await this.#real.connect()
    const release = client.release.bind(client)
    // One that goes back while its statement runs would be cut off from it, and nobody would know when that has ended.
    client.release = (error) =>
      this.#dead ? void Promise.allSettled(this.#running).then(() => release(true)) : release(error)
    if (this.#dead) client.release()
    return client
  }

  #under<V>(statement: Promise<V>): Promise<V> {
    const ended = statement.catch(() => {}).finally(() => this.#running.delete(ended))
    this.#running.add(ended)
    return statement
  }

  /** Resolves when the statements that run now have been answered; to look again and again would take the server's time. */
  async answered(): Promise<void> {
    await (this.#running.size > 0 ? Promise.allSettled(this.#running) : new Promise((resolve) => setImmediate(resolve)))
  }

  async kill(): Promise<void> {
    this.#kill(Object.assign(new Error('killed'), { code: 'ECONNRESET' }))
    // Statements under way end as the server likes.
    while (this.busy) await this.answered()
    await this.#real.end()
  }
}

/** Every promise of the contract, on that server. */
export function conforms(server: Service<Server>): void {
  const harness = onPostgres(() => server.ready())
  const place = { skip: server.skip }
  for (const [subject, promises] of Object.entries(storeSuite)) {
    describe(`${server.name}, ${subject}`, place, () => {
      for (const promise of promises.filter(({ needs }) => needs.every((need) => harness.offers.includes(need)))) {
        test(promise.name, () => promise.run(harness))
      }
    })
  }
  describe(`${server.name}, locks`, place, () => {
    const locks = locksOf(harness)
    for (const promise of lockSuite.filter(({ needs }) => needs.every((need) => locks.offers.includes(need)))) {
      test(promise.name, () => promise.run(locks))
    }
  })
}

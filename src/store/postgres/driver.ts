import type { Pool, PoolClient } from 'pg'
import { failure, HookkeeperError } from '../../core/errors.ts'
import { ask } from './prepared.ts'

export type Row = Record<string, unknown>

/** Statements on a pool. Nothing of a session is relied on, so that a pooler in transaction mode may stand between. */
export interface Sql {
  /** One statement, one transaction. Rejects with `store_failed`, or `store_closed`. */
  rows<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** As `rows`, and once more where another try can help: for what changes nothing the second time. */
  again<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** Several statements, all or none. `work` runs again where Postgres ended them for a deadlock, which undid all of them. */
  together<V>(work: (rows: Sql['rows']) => Promise<V>): Promise<V>
  /** What was asked before is still answered. */
  close(): Promise<void>
}

export interface PoolOptions {
  readonly url: string
  readonly connectionsMax: number
  /** Named in `pg_stat_activity`. */
  readonly name: string
}

const CONNECT_MS = 5_000
/** A machine that vanishes closes nothing. Asked after ten seconds of silence, and given up after ten more. */
const ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/** The package is loaded here alone, when somebody has a Postgres. */
async function loadPg(): Promise<typeof import('pg')> {
  try {
    const { default: pg } = await import('pg')
    return pg as unknown as typeof import('pg')
  } catch (error) {
    throw failure('peer_missing', { feature: 'A ledger in Postgres', name: 'pg' }, { cause: error })
  }
}

export async function openPool({ url, connectionsMax, name }: PoolOptions): Promise<Pool> {
  const { Pool } = await loadPg()
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: name,
    ...ALIVE,
  })
  // A connection that breaks while nobody uses it is none of ours any more: the next statement takes another one.
  pool.on('error', () => {})
  // Nor in our hands before we know of it: the server may end it with the same packet that says that it is ready.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** A connection of its own, for what a pooler cannot do. */
export async function openClient(url: string, name: string) {
  const { Client } = await loadPg()
  return new Client({
    connectionString: url,
    application_name: name,
    ...ALIVE,
    connectionTimeoutMillis: CONNECT_MS,
  })
}

export function sqlOver(pool: Pool): Sql {
  let closed = false
  let closing: Promise<void> | null = null
  const served = new Set<Promise<unknown>>()
  const serve = <V>(work: Promise<V>): Promise<V> => {
    const done = work.catch(() => {}).finally(() => served.delete(done))
    served.add(done)
    return work
  }
  const rows = async <R>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    if (closed) throw failure('store_closed')
    try {
      return (await serve(once(pool, text, values as unknown[]))).rows as R[]
    } catch (error) {
      throw postgresFailed(error)
    }
  }
  const transacted = async <V>(work: (rows: Sql['rows']) => Promise<V>): Promise<V> => {
    if (closed) throw failure('store_closed')
    const client = await serve(connected(pool)).catch((error) => Promise.reject(postgresFailed(error)))
    try {
      const value = await serve(inTransaction(client, work))
      client.release()
      return value
    } catch (error) {
      // One that did not end as it should may be in the middle of anything.
      client.release(true)
      throw error
    }
  }
  return {
    rows,
    async again<R>(text: string, values: readonly unknown[] = []) {
      try {
        return await rows<R>(text, values)
      } catch (error) {
        if (!worthAgain(error)) throw error
        return rows<R>(text, values)
      }
    },
    async together(work) {
      for (let left = DEADLOCKS_MAX; ; left--) {
        try {
          return await transacted(work)
        } catch (error) {
          if (codeOf(error) !== DEADLOCK || left === 0) throw error
        }
      }
    },
    // A pool that ends forgets whoever waits for a connection.
    close() {
      closed = true
      closing ??= Promise.all(served).then(() => pool.end())
      return closing
    },
  }
}

/**
 * A connection that breaks in our hands says so to whoever asks by it, and once more as an event, which would end the process if
 * nobody heard it.
 */
async function connected(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect()
  if (client.listenerCount('error') === 0) client.on('error', () => {})
  return client
}

async function once(pool: Pool, text: string, values: unknown[]) {
  const client = await connected(pool)
  try {
    const result = await ask(client, text, values)
    client.release()
    return result
  } catch (error) {
    // What it has prepared may no longer fit the tables, and what it says may not be the end of it.
    client.release(true)
    throw error
  }
}

const DEADLOCK = '40P01'
/** In a row. Two that lock tables or rows in different orders are both done after one. */
const DEADLOCKS_MAX = 9

/** A process that is frozen in the middle of several statements has their locks for no longer than that. */
const BEGIN = `begin; set local idle_in_transaction_session_timeout = '10s'`

async function inTransaction<V>(client: PoolClient, work: (rows: Sql['rows']) => Promise<V>): Promise<V> {
  try {
    await client.query(BEGIN)
    const value = await work(async (text, values = []) => (await client.query(text, values as unknown[])).rows as never)
    await client.query('commit')
    return value
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw postgresFailed(error)
  }
}

/** The driver's message may quote a value: only the code of the error goes on. */
export const postgresFailed = (error: unknown): HookkeeperError =>
  error instanceof HookkeeperError ? error : failure('store_failed', { what: reasonOf(error) }, { cause: error })

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  if (code === null) return 'the connection to Postgres was lost'
  return /^[0-9A-Z]{5}$/.test(code) ? `Postgres answered ${code}` : `Postgres cannot be reached (${code})`
}

/** SQLSTATE, or the system's code; null where the driver has none for it. */
export function codeOf(error: unknown): string | null {
  const from = error instanceof HookkeeperError ? error.cause : error
  return from instanceof Error && 'code' in from && typeof from.code === 'string' ? from.code : null
}

// Lost connections, deadlocks, serialization, shutdowns and restarts; what a connection had prepared and no longer fits. 23505 has its own answer where it can come up.
const PASSING = /^(08...|0A000|26000|40001|40P01|57P0.|53300|55P03|25P0[23]|E[A-Z]+)$/

export const worthAgain = (error: unknown): boolean => {
  if (error instanceof HookkeeperError && error.code !== 'store_failed') return false
  const code = codeOf(error)
  return code === null || PASSING.test(code)
}

import pg from 'pg'
import { Pool } from 'undici'
import type { Cluster } from '../../../src/index.ts'

const pool = new pg.Pool({ connectionString: process.env['SHOP_URL'], max: 10 })
// A database that goes away ends idle connections; the next query makes a new one.
pool.on('error', () => {})
const destination = new Pool(process.env['DESTINATION'] ?? '')
pool.on('connect', (client) => client.on('error', () => {}))

/** Tells a destination that refuses what comes late, then commits an effect together with the ledger's memory of it. */
export default (cluster: Cluster): void =>
  cluster.on('*', { name: 'effects', timeoutMs: 5_000 }, async ({ id }, { settleIn, lane, fence, attempt, signal }) => {
    const path = `/${encodeURIComponent(lane)}/${fence}`
    const { statusCode, body } = await destination.request({ method: 'POST', path, signal })
    await body.dump()
    if (statusCode !== 204) throw new Error('the destination has seen a higher fence')
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query(INSERT, [id, lane, fence, attempt])
      await settleIn(client)
      await client.query('commit')
      client.release()
    } catch (error) {
      client.release(true)
      throw error
    }
  })

const INSERT = 'insert into effects (event_id, lane, fence, attempt) values ($1, $2, $3, $4)'

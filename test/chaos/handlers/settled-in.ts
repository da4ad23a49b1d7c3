import { Pool } from 'undici'
import type { Cluster } from '../../../src/index.ts'
import { commitEffect } from '../effect.ts'

const destination = new Pool(process.env['DESTINATION'] ?? '')

/** Tells a destination that refuses what comes late, then commits an effect together with the ledger's memory of it. */
export default (cluster: Cluster): void =>
  cluster.on('*', { name: 'effects', timeoutMs: 5_000 }, async (event, context) => {
    const path = `/${encodeURIComponent(context.lane)}/${context.fence}/${event.id}`
    const { statusCode, body } = await destination.request({ method: 'POST', path, signal: context.signal })
    await body.dump()
    if (statusCode !== 204) throw new Error('the destination has seen a higher fence')
    await commitEffect(event, context)
  })

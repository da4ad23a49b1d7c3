import type { Cluster } from '../../../src/index.ts'
import { TAKEN, Teller } from '../cluster/telling.ts'
import { commitEffect } from '../effect.ts'

const destination = new Teller(Number(process.env['DESTINATION_PORT']))

/** Tells a destination that refuses what comes late, then commits an effect together with the ledger's memory of it. */
export default (cluster: Cluster): void =>
  cluster.on('*', { name: 'effects', timeoutMs: 5_000 }, async (event, context) => {
    const { lane, fence, signal } = context
    const answer = await destination.tell({ lane, fence, id: event.id }, signal)
    if (answer !== TAKEN) throw new Error('the destination has seen a higher fence')
    await commitEffect(event, context)
  })

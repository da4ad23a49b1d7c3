import { asked } from '../../services/postgres-client.ts'
import { type Account, compared, effectsOf, entriesOf } from '../books.ts'
import { pause } from '../settle.ts'
import type { Scene } from './scene.ts'

const ARRIVED_MS = 120_000
const LOOK_MS = 200

/** All that got a 200 is in the ledger, id by id, or it took too long: then the books will say which are not. */
export async function arrived({ postgres: { url } }: Pick<Scene, 'postgres'>, ids: ReadonlySet<string>): Promise<void> {
  const until = performance.now() + ARRIVED_MS
  for (let missing = [...ids]; missing.length > 0 && performance.now() < until; await pause(LOOK_MS)) {
    const there = await asked<{ id: string }>(url, 'select id from hookkeeper_seen where id = any($1)', [missing])
    const known = new Set(there.map(({ id }) => id))
    missing = missing.filter((id) => !known.has(id))
  }
}

/** Everything is worked, what our own kills made a dead letter of included. */
export async function finished({ fleet, watch, store }: Pick<Scene, 'fleet' | 'watch' | 'store'>): Promise<void> {
  await fleet.settled()
  await watch.emptied()
  if ((await store.ledger.backlog()).dead === 0) return
  await fleet.of('processing')[0]!.up.act('replay', { state: 'dead', reason: 'lost', limit: 1_000 })
  await watch.emptied()
}

/** What was promised, what the ledger knows and what was done, id by id, and what of it the destination was never told. */
export async function books(
  { store, postgres, destination }: Pick<Scene, 'store' | 'postgres' | 'destination'>,
  acknowledged: ReadonlySet<string>,
): Promise<{ readonly account: Account; readonly untold: readonly string[] }> {
  const effects = await effectsOf(postgres.url)
  const account = compared(await entriesOf(store), effects, acknowledged)
  return { account, untold: effects.map(({ id }) => id).filter((id) => !destination.ids.has(id)) }
}

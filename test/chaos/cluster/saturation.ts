import type { Random } from '../../../src/core/random.ts'
import { asked } from '../../services/postgres-client.ts'
import { Load } from '../load.ts'
import { pause } from '../settle.ts'
import type { Scene } from './scene.ts'

const WINDOWS = 5
const FILL_PER_SECOND = 2_000
/** For each second of measuring so many of filling: enough for 3,000 a second. */
const FILL_SHARE = 1.5

/** Fills the ledger while nobody works, and measures how fast it is emptied, in events a second. */
export async function saturation(
  { fleet, watch, postgres }: Pick<Scene, 'fleet' | 'watch' | 'postgres'>,
  { random, windowMs }: { readonly random: Random; readonly windowMs: number },
): Promise<number> {
  await watch.emptied()
  const workers = fleet.of('processing')
  await Promise.all(workers.map((worker) => fleet.stop(worker)))
  const fill = new Load({
    ...{ sender: fleet, random, ratePerSecond: FILL_PER_SECOND, customers: 2_000, repeats: 0 },
    prefix: `fill_${fleet.stopsMs.length}_`,
  }).start()
  await pause(Math.ceil((WINDOWS + 1) * windowMs * FILL_SHARE))
  await fill.stop()
  // What a page costs depends on how long ago the last one was: so each time there has just been one.
  await asked(postgres.url, 'checkpoint')
  await Promise.all(workers.map((worker) => fleet.restart(worker)))
  await pause(windowMs / 2)
  const rate = await watch.drain(WINDOWS, windowMs)
  await watch.emptied()
  return rate
}

import { between, type Random } from '../../src/core/random.ts'
import { Place } from '../services/place.ts'
import { type Account, account } from './books.ts'
import { ledgerIn } from './ground.ts'
import { Load } from './load.ts'
import { Sender } from './sender.ts'
import { pause, worked } from './settle.ts'
import { Up, type UpOptions } from './up.ts'

export interface KillsPlan {
  /** Kills of a process that takes events. */
  readonly kills: number
  /** Kills go on until so many ids were acknowledged. */
  readonly events: number
  readonly ratePerSecond: number
  readonly random: Random
}

export interface KillsReport {
  readonly account: Account
  readonly acknowledged: ReadonlySet<string>
  readonly answers: Readonly<Record<string, number>>
  readonly kills: number
  /** Kills before the process had started again. */
  readonly bootKills: number
  readonly offeredPerSecond: number
  /** Events that our kills hit three times in a row: dead as `lost`, and brought back by the action `replay`. */
  readonly replayed: number
}

/** How long a process lives under load before it is killed, and how long a boot lasts that is killed. */
const LIFE_MS = [100, 1_100] as const
const BOOT_MS = [20, 500] as const
/** One in so many kills is followed by one of the boot. */
const BOOT_KILL_EVERY = 5
const DRAIN_MS = 120_000

/** Kills and restarts the product under load, then lets it finish and compares what it did with what it promised. */
export async function kills({ kills, events, ratePerSecond, random }: KillsPlan): Promise<KillsReport> {
  const place = new Place('kills')
  const ledger = await ledgerIn(place)
  const options: UpOptions = { place, ledger, port: await place.port(), handlers: 'effects' }
  let up = await new Up(options).started()
  const sender = new Sender(up.origin)
  const load = new Load({ sender, random, ratePerSecond, customers: 500, repeats: 0.1 }).start()
  const done = { kills: 0, bootKills: 0 }
  try {
    while (done.kills < kills || load.acknowledged.size < events) {
      await pause(between(random, ...LIFE_MS))
      await up.kill()
      if (++done.kills % BOOT_KILL_EVERY === 0) done.bootKills += await killBoot(options, random)
      up = await new Up(options).started()
    }
    await load.stop()
    const replayed = await finished(up)
    await up.stop()
    const { acknowledged, answers, perSecond } = load
    const books = await account(ledger, acknowledged)
    return { account: books, acknowledged, answers, ...done, offeredPerSecond: perSecond, replayed }
  } finally {
    await load.stop()
    await sender.close()
    await place.end()
  }
}

async function killBoot(options: UpOptions, random: Random): Promise<number> {
  const up = new Up(options)
  await pause(between(random, ...BOOT_MS))
  await up.kill()
  return 1
}

/** Everything is worked, what our own kills made a dead letter of included. */
async function finished(up: Up): Promise<number> {
  const dead = await worked(up, DRAIN_MS)
  if (dead === 0) return 0
  await up.act('replay', { state: 'dead', reason: 'lost', limit: 1_000 })
  const still = await worked(up, DRAIN_MS)
  if (still > 0) throw new Error(`${still} events are dead for another reason than our kills`)
  return dead
}

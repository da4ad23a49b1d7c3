import assert from 'node:assert/strict'
import { actions } from '../../src/actions/list.ts'
import { perform } from '../../src/actions/perform.ts'
import { settled } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import type { Entry } from '../../src/store/store.ts'
import { AFTER, BAD, History, type Size } from './repair/history.ts'
import { checkMoves } from './repair/moves.ts'

export interface Report {
  readonly badly: number
  readonly replayed: number
  readonly superseded: number
}

/**
 * A bad deploy, its end, and the repair by release, among all that goes on meanwhile. Rejects when an event is replayed that a
 * newer one has superseded, when one is left out that none has, or when an object does not end as a clean pass leaves it.
 */
export async function badDeploy(seed: number, size: Size): Promise<Report> {
  const history = await History.begin(seed, size)
  try {
    return await played(history, size)
  } catch (error) {
    throw named(error, seed)
  } finally {
    await history.close()
  }
}

function named(error: unknown, seed: number): Error {
  const what = error instanceof Error ? error.message : String(error)
  const again = `npm test -- test/simulation/repair.test.ts --seed ${seed}`
  return new Error(`seed ${seed}: ${what}; rerun: ${again}`, { cause: error })
}

async function played(history: History, { events }: Size): Promise<Report> {
  const { random, world } = history
  const steps = async (share: number) => {
    for (let n = Math.floor(random() * events * share); n > 0; n--) await history.step()
  }
  await steps(1)
  history.releases = random() < 0.3 ? ['v40', BAD] : [BAD]
  await steps(3)
  history.releases = random() < 0.3 ? [BAD, AFTER] : [AFTER]
  await steps(1)
  history.releases = [AFTER]
  const badly = [...world.done.values()].filter((what) => what === 'wrong').length

  const { preview } = await replay(history, true)
  assert.equal(preview?.rows, world.repairable(BAD).size, 'the preview counts something else')
  await steps(1)
  const expected = world.repairable(BAD)
  const { receipt } = await replay(history)
  const moved = await reopened(history)
  assert.deepEqual(moved, expected, 'other events were replayed than had to be')
  assert.equal(receipt?.rows, expected.size)
  await finish(history)
  return { badly, replayed: expected.size, superseded: preview?.repair?.superseded ?? 0 }
}

/** The same with many events, and the repair under way while the new release works. */
export async function busyRepair(seed: number, size: Size): Promise<Report> {
  const history = await History.begin(seed, size)
  try {
    history.releases = ['v40', BAD, BAD, BAD, AFTER]
    for (let n = 0; n < size.events * 4; n++) await history.step()
    history.releases = [AFTER]
    const badly = [...history.world.done.values()].filter((what) => what === 'wrong').length
    let rows: number | null = null
    const repair = replay(history).then(({ receipt }) => (rows = receipt?.rows ?? 0))
    while (rows === null) await history.step()
    await repair
    await finish(history)
    await checkMoves(history.store.ledger, history.world.facts)
    return { badly, replayed: rows, superseded: 0 }
  } catch (error) {
    throw named(error, seed)
  } finally {
    await history.close()
  }
}

/** All is worked; what the bad release still had in hand is repaired too; then every object is as a clean pass leaves it. */
async function finish(history: History): Promise<void> {
  const { world } = history
  for (let rounds = 0; rounds < 2; rounds++) {
    await history.drain()
    await replay(history)
  }
  await history.drain()
  const objects = new Set(world.facts.flatMap(({ object }) => object ?? []))
  const shown = [...objects].map((object) => [object, world.shown.get(object)])
  assert.deepEqual(
    shown,
    [...objects].map((object) => [object, world.newest(object).id]),
    'objects are not as a clean pass leaves them',
  )
  const alone = world.facts.filter(({ object }) => object === null).map(({ id }) => [id, world.done.get(id)])
  assert.deepEqual(
    alone,
    alone.map(([id]) => [id, 'right']),
    'events without an object were not all repaired',
  )
}

/** What was done or dead by the test's count, and waits now. */
async function reopened({ store, world }: History): Promise<ReadonlySet<string>> {
  const entries: readonly Entry[] = (await store.ledger.find({ state: 'waiting', limit: 1_000 })).data
  const closed = (id: string) => ['worked', 'dead'].includes(world.handled.get(id)?.end ?? '')
  const moved = entries.filter(({ id }) => closed(id)).map(({ id }) => id)
  for (const id of moved) world.handled.set(id, { ...world.handled.get(id)!, end: 'waiting' })
  return new Set(moved)
}

const action = actions.find(({ name }) => name === 'replay')!

async function replay({ store, clock }: History, preview = false) {
  const { ledger, controls, journal } = store
  const hands = {
    ...{ ledger, controls, journal, clock, log: silent, controlId: () => 'c', destinations: () => [] },
    ...{ poke: async () => {}, meter: { acted() {} } },
  }
  const done = await perform(action, { handledBy: BAD }, { by: 'operator', why: 'v41 was bad', preview }, hands)
  await settled()
  return done
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { createHandlers } from '../../src/processing/handlers.ts'
import { pass } from '../../src/processing/pass.ts'
import type { Store } from '../../src/store/store.ts'
import { memoryLedger } from '../../src/testing/memory.ts'
import { createProcess, TEST_SECRET } from '../../src/testing/process.ts'
import { eventBody, signatureOf } from '../chaos/delivery.ts'
import { pass as elapse, turns } from '../chaos/virtual.ts'
import { policy } from '../processing/room.ts'
import { seed, sized } from '../size.ts'

const EVENTS = sized({ tenth: 60, whole: 600 })
const HANDLER_MS = 2_000
const LEASE_MS = HANDLER_MS + 10_000
/** One pass each takes ten events at most, and those that froze wait for their leases. */
const MINUTES = sized({ tenth: 40, whole: 120 })
/** The ledger looks for leases that ran out once a second. */
const NOTICED_MS = 1_000

/** What a frozen process sees of its ledger: nothing comes back, and nothing goes out, until it is thawed. */
function freezer(store: Store) {
  let thaw: () => void = () => {}
  let thawed: Promise<void> = Promise.resolve()
  const through =
    <A extends readonly unknown[], V>(call: (...args: A) => Promise<V>) =>
    async (...args: A): Promise<V> => {
      await thawed
      const value = await call(...args)
      await thawed
      return value
    }
  const ledger = Object.fromEntries(
    Object.entries(store.ledger).map(([name, call]) => [name, through(call as () => Promise<unknown>)]),
  )
  return {
    store: { ...store, ledger, transact: through(store.transact!) } as unknown as Store,
    freeze: () => void (thawed = new Promise((resolve) => (thaw = resolve))),
    thaw: () => thaw(),
  }
}

test('processes that freeze right after each 200, or wherever their pass has come to: nothing is lost, doubled, or leased beyond its lease', async (t) => {
  const { store, clock, db } = await memoryLedger()
  t.after(() => store.close())
  db.exec('create table effects (id text)')
  const random = seeded(seed)
  const meter = { count() {}, attemptSeconds() {}, settleLagSeconds() {}, putOff() {} }

  /** A function's instance: an intake, and a pass that goes on after the answer. */
  const instance = (of: Store, name: string) => {
    const { intake } = createProcess({ store: of, clock, seed: 1 })
    const handlers = createHandlers({ timeoutMs: HANDLER_MS })
    handlers.on('*', async ({ id }, { transaction }) => {
      await transaction((tx) => tx.prepare('insert into effects values (?)').run(id))
    })
    const options = { store: of, handlers, policy, clock, random, log: silent, meter, name, release: 'r' }
    return { intake, work: () => pass({ ...options, concurrency: 4 }, { ms: 1_000, max: 10 }) }
  }

  const frozen: { thaw(): void; work: Promise<unknown> }[] = []
  for (let n = 0; n < EVENTS; n++) {
    const { store: seen, freeze, thaw } = freezer(store)
    const { intake, work } = instance(seen, `instance ${n}`)
    const created = Math.floor(clock.now() / 1_000)
    const body = eventBody({ id: `evt_${n}`, customer: `cus_${n % 7}`, created })
    const answer = await intake.receive(body, signatureOf(body, clock.now(), TEST_SECRET), null)
    assert.equal(answer.status, 200)
    // Half of them at once, the others some turns into their pass.
    const begunTurns = random() < 0.5 ? 0 : Math.floor(random() * 30)
    if (begunTurns === 0) freeze()
    const working = work()
    await turns(begunTurns)
    freeze()
    frozen.push({ thaw, work: working })
  }

  const cron = instance(store, 'cron')
  for (let minute = 0; minute < MINUTES; minute++) {
    const working = cron.work()
    // Work takes no virtual time: what a pass is worth is the turns that it gets before its second is over.
    await turns(400)
    await elapse(clock, { ms: 60_000, stepMs: 1_000, turnsEach: 10 })
    await working
    // Some wake, long after their leases, and go on where they were.
    if (minute === 3) for (const { thaw } of frozen.filter((_, n) => n % 2 === 0)) thaw()
  }

  const { data } = await store.ledger.find({ limit: 1_000 })
  assert.deepEqual(
    data.filter(({ state, reason }) => state !== 'done' || reason !== 'worked').map(({ id }) => id),
    [],
    `seed ${seed}`,
  )
  assert.equal(data.length, EVENTS)
  const effects = db.prepare('select id, count(*) as n from effects group by id').all()
  assert.equal(effects.length, EVENTS, `seed ${seed}`)
  assert.deepEqual(
    effects.filter(({ n }) => n !== 1),
    [],
    `seed ${seed}`,
  )
  let lost = 0
  for (const { ref } of data)
    for (const chapter of (await store.ledger.open(ref))!.timeline) {
      if (chapter.kind !== 'attempt') continue
      lost += Number(chapter.outcome === 'lost')
      assert.ok(
        chapter.endedAt! - chapter.startedAt <= LEASE_MS + NOTICED_MS,
        `seed ${seed}: ${JSON.stringify(chapter)}`,
      )
    }
  assert.ok(lost > 0, `seed ${seed}: some froze while they held a lease`)
})

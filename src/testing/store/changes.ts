import assert from 'node:assert/strict'
import type { Change } from '../../store/store.ts'
import type { Scene } from '../scene.ts'
import { dead, promised, retry, wait } from '../scene.ts'

/** The stream of changes that telemetry and revenue read, each at its own pace. */
export const changing = [
  promised('every change is told once, in the order in which it happened', ['clock'], async (scene) => {
    await scene.admit()
    await scene.work(retry())
    await scene.work(wait())
    await scene.ledger.giveBack([await scene.leaseOne()], 0)
    await scene.leaseOne()
    await scene.outlive()
    await scene.work(dead('exhausted'))
    await scene.move({ id: 'evt_1' }, 'reopen')
    await scene.work()

    assert.deepEqual(
      (await all(scene, 3)).map(({ kind, reason }) => (reason ? `${kind} ${reason}` : kind)),
      [
        'admitted',
        ...['leased', 'retry failed'],
        ...['leased', 'wait later'],
        ...['leased', 'given-back'],
        ...['leased', 'lost'],
        ...['leased', 'dead exhausted'],
        'moved',
        ...['leased', 'done worked'],
      ],
    )
  }),

  promised('a change names its event and when it happened', ['clock'], async (scene) => {
    const tenant = { account: 'eu', connected: 'acct_1', livemode: false }
    const event = await scene.admit({ tenant })
    const at = scene.clock.now()
    const { ref } = await scene.entry(event)

    assert.deepEqual(await all(scene), [
      { ref, id: event.id, type: event.type, tenant, at, kind: 'admitted', reason: null },
    ])
  }),

  promised('from a cursor on, all that comes later is told and nothing that came before', [], async (scene) => {
    await scene.admit()
    const first = await scene.ledger.changes(null, 100)
    const second = await scene.admit()
    await scene.work()

    const { data, next } = await scene.ledger.changes(first.next, 100)
    assert.deepEqual(data.map(({ kind }) => kind).toSorted(), ['admitted', 'done', 'leased'])
    assert.ok(data.some(({ id, kind }) => id === second.id && kind === 'admitted'))
    assert.deepEqual((await scene.ledger.changes(next, 100)).data, [])
  }),

  promised('an arrival is told before what happened to it', [], async (scene) => {
    for (let n = 0; n < 10; n++) {
      await scene.admit()
      await scene.work()
    }

    for (const max of [1, 2, 7, 100]) {
      const seen = new Set<string>()
      for (const { id, kind } of await all(scene, max)) {
        assert.equal(seen.has(id), kind !== 'admitted', `${id} ${kind}, ${max} at a time`)
        seen.add(id)
      }
      assert.equal(seen.size, 10)
    }
  }),

  promised('a cursor is good after a crash: nothing is told twice, nothing left out', ['crash'], async (scene) => {
    await scene.admit()
    await scene.leaseOne()
    const { next } = await scene.ledger.changes(null, 100)

    await scene.reopen('crash')
    await scene.work()

    const { data } = await scene.ledger.changes(next, 100)
    assert.deepEqual(
      data.map(({ kind }) => kind),
      ['lost', 'leased', 'done'],
    )
  }),

  promised('no change comes in behind a cursor, however many write at once', [], async (scene) => {
    const told: Change[] = []
    let cursor: string | null = null
    const read = async () => {
      const { data, next } = await scene.ledger.changes(cursor, 10)
      cursor = next
      told.push(...data)
      return data.length
    }
    const admitted: Promise<unknown>[] = []
    for (let n = 0; n < 30; n++) {
      admitted.push(scene.ledger.admit([scene.event(), scene.event()]))
      if (n % 3 === 0) admitted.push(scene.lease({ max: 2, worker: `w${n}` }))
      await read()
    }
    await Promise.all(admitted)
    const count = () => told.filter(({ kind }) => kind === 'admitted').length
    // An empty page need not be the last: where others write too, theirs may hold the rest back for a moment.
    for (let tries = 0; (await read()) > 0 || (count() < 60 && tries < TRIES); tries++);
    while ((await read()) > 0);

    assert.deepEqual(sorted(told), sorted(await all(scene)))
    assert.equal(count(), 60)
  }),
]

const TRIES = 1_000

const sorted = (changes: readonly Change[]): string[] => changes.map(({ id, kind, at }) => `${id} ${kind} ${at}`).sort()

/** All changes from the beginning, so many at a time. */
async function all(scene: Scene, max = 100): Promise<Change[]> {
  const changes: Change[] = []
  let cursor: string | null = null
  for (;;) {
    const { data, next } = await scene.ledger.changes(cursor, max)
    assert.ok(data.length <= max)
    if (data.length === 0 && next === cursor) return changes
    changes.push(...data)
    cursor = next
  }
}

import assert from 'node:assert/strict'
import type { Query } from '../../store/store.ts'
import { dead, promised, type Scene } from '../scene.ts'

const OBJECT = { object: 'sub_1', lane: 'default:cus_1' }
const BAD = { handledBy: 'bad', reason: 'worked' } as const
const REPAIR = { query: { ...BAD, superseded: false }, limit: 1_000 } as const

/** Events of one object, a second apart, each worked by the release beside it. */
async function worked(scene: Scene, releases: readonly string[], more: object = {}) {
  const at = Math.floor(scene.clock.now() / 1000) * 1000
  const events = []
  for (const [n, release] of releases.entries()) {
    events.push(await scene.admit({ ...OBJECT, createdAt: at + n * 1000, ...more }))
    await scene.work(undefined, { release })
  }
  return events
}

const repair = (scene: Scene, query: Omit<Query, 'limit' | 'cursor'> = {}) =>
  scene.move({ ...REPAIR, query: { ...REPAIR.query, ...query } }, 'reopen', 'handlers')

const states = (scene: Scene, events: readonly { id: string }[]) =>
  Promise.all(events.map((event) => scene.state(event)))

/** What a release handled, and what of that may be worked again. */
export const repairing = [
  promised('a release finds what it ran last, until another release runs it', [], async (scene) => {
    const [first, second] = [await scene.admit(), await scene.admit()]
    await scene.work(dead(), { release: 'bad' })
    await scene.work(undefined, { release: 'bad' })
    assert.deepEqual(await scene.found({ handledBy: 'bad' }), [second.id, first.id])

    await scene.move(first, 'reopen')
    await scene.work(undefined, { release: 'good' })

    assert.deepEqual(await scene.found({ handledBy: 'bad' }), [second.id])
    assert.deepEqual(await scene.found({ handledBy: 'good' }), [first.id])
    assert.deepEqual(await scene.found({ handledBy: 'never' }), [])
  }),

  promised('among many, a release finds its own, page after page, also over a crash', ['crash'], async (scene) => {
    const mine: string[] = []
    for (let round = 0; round < 4; round++) {
      await scene.ledger.admit(Array.from({ length: 300 }, () => scene.event()))
      const work = await scene.lease({ max: 1_000, release: round === 2 ? 'mine' : 'other' })
      if (round === 2) mine.push(...work.map(({ event }) => event.id))
      for (const one of work) await scene.settle(one)
    }
    await scene.reopen('crash')

    const ids: string[] = []
    for (let cursor: string | null = '9007199254740991'; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof scene.ledger.find>> = await scene.ledger.find({
        ...{ handledBy: 'mine', limit: 70, cursor },
      })
      ids.push(...page.data.map(({ id }) => id))
      cursor = page.next
    }
    assert.deepEqual(new Set(ids), new Set(mine))
    assert.equal(ids.length, mine.length)
  }),

  promised('one of several reasons is enough', [], async (scene) => {
    const [first, second, third] = [await scene.admit(), await scene.admit(), await scene.admit()]
    await scene.work(dead('exhausted'))
    await scene.work()
    await scene.work(dead('refused'))

    assert.deepEqual(await scene.found({ reason: ['worked', 'refused'] }), [third.id, second.id])
    assert.deepEqual(await scene.found({ reason: [] }), [])
    assert.ok(first)
  }),

  promised('an event is superseded by a newer one that another release worked after it', [], async (scene) => {
    const [first, second, third] = await worked(scene, ['bad', 'good', 'bad'])

    assert.deepEqual(await scene.found({ ...BAD, superseded: true }), [first!.id])
    assert.deepEqual(await scene.found({ ...BAD, superseded: false }), [third!.id])
    assert.equal(await repair(scene), 1)
    assert.deepEqual(await states(scene, [first!, second!, third!]), ['done worked', 'done worked', 'waiting'])
  }),

  promised('what one release did to an object is worked again whole and in order', [], async (scene) => {
    const events = await worked(scene, ['good', 'bad', 'bad', 'bad'])

    assert.equal(await repair(scene), 3)

    const again = []
    for (let n = 0; n < 3; n++) again.push(await scene.work(undefined, { release: 'good' }))
    assert.deepEqual(
      again.map(({ event, stale }) => [event.id, stale]),
      events.slice(1).map(({ id }) => [id, false]),
    )
    assert.equal(await repair(scene), 0)
  }),

  promised('a newer event that the filters leave out supersedes too', [], async (scene) => {
    const [first, second] = [
      (await worked(scene, ['bad']))[0]!,
      (await worked(scene, ['bad'], { type: 'charge.failed', createdAt: scene.clock.now() + 5_000 }))[0]!,
    ]

    assert.equal(await repair(scene, { type: 'invoice.paid' }), 0)
    assert.equal(await repair(scene, { type: 'charge.failed' }), 1)
    assert.deepEqual(await states(scene, [first, second]), ['done worked', 'waiting'])
  }),

  promised('a late event is not superseded by a newer one that was worked before it', [], async (scene) => {
    const [newer] = await worked(scene, ['good'], { createdAt: scene.clock.now() + 9_000 })
    const [late] = await worked(scene, ['bad'])

    assert.equal(await repair(scene), 1)

    const again = await scene.work(undefined, { release: 'good' })
    assert.deepEqual([again.event.id, again.stale], [late!.id, true])
    assert.equal(await scene.state(newer!), 'done worked')
  }),

  promised('of two events of one second and rank the later arrival is the newer', [], async (scene) => {
    const createdAt = Math.floor(scene.clock.now() / 1000) * 1000
    const [first] = await worked(scene, ['bad'], { createdAt })
    const [second] = await worked(scene, ['good'], { createdAt })

    assert.equal(await repair(scene), 0)
    assert.deepEqual(await states(scene, [first!, second!]), ['done worked', 'done worked'])
  }),

  promised(
    'a newer event that is being worked supersedes; one that only waits, failed or is dead does not',
    [],
    async (scene) => {
      const [first] = await worked(scene, ['bad'])
      const newer = await scene.admit({ ...OBJECT, createdAt: scene.clock.now() + 9_000 })
      assert.deepEqual(await scene.found({ ...BAD, superseded: false }), [first!.id])

      const running = await scene.leaseOne({ release: 'good' })
      assert.equal(running.event.id, newer.id)
      assert.equal(await repair(scene), 0)

      await scene.settle(running, dead())
      assert.equal(await repair(scene), 1)
    },
  ),

  promised('what is worked after the look and before the move is respected', [], async (scene) => {
    const [first] = await worked(scene, ['bad'])
    assert.deepEqual(await scene.found({ ...BAD, superseded: false }), [first!.id])
    await worked(scene, ['good'], { createdAt: scene.clock.now() + 9_000 })

    assert.equal(await repair(scene), 0)
    assert.equal(await scene.state(first!), 'done worked')
  }),
  ...apart(),
]

/** Objects and tenants do not meet, and nothing of it is lost with the process. */
function apart() {
  return [
    promised('other objects, other tenants and events without an object supersede nothing', [], async (scene) => {
      await worked(scene, ['bad'])
      await worked(scene, ['good'], { object: 'sub_2', createdAt: scene.clock.now() + 5_000 })
      const tenant = { account: 'eu', connected: null, livemode: true }
      await worked(scene, ['good'], { tenant, lane: 'eu:cus_1', createdAt: scene.clock.now() + 5_000 })
      await worked(scene, ['bad', 'good'], { object: null })

      assert.equal(await repair(scene), 2)
    }),

    promised('an object is moved whole even where the limit would cut it', [], async (scene) => {
      await worked(scene, ['bad', 'bad', 'bad'])
      await worked(scene, ['bad', 'bad'], { object: 'sub_2', lane: 'default:cus_2' })

      assert.equal(await scene.move({ ...REPAIR, limit: 1 }, 'reopen', 'handlers'), 2)
      assert.equal(await scene.move({ ...REPAIR, limit: 2 }, 'reopen', 'handlers'), 3)
    }),

    promised('a repair of many objects, and how far each is done, outlive a crash', ['crash'], async (scene) => {
      for (let n = 0; n < 150; n++)
        await worked(scene, n % 3 ? ['bad', 'bad'] : ['bad', 'good'], { object: `sub_${n}`, lane: `default:cus_${n}` })
      await scene.reopen('crash')

      assert.equal(await repair(scene), 200)
      await scene.reopen('crash')

      const again = await scene.lease({ max: 1_000, release: 'good' })
      assert.equal(again.length, 100)
      assert.ok(again.every(({ stale }) => !stale))
      assert.deepEqual(await scene.found({ ...BAD, superseded: false }), [])
    }),
  ]
}

import assert from 'node:assert/strict'
import { promised } from '../scene.ts'

const DAY_MS = 86_400_000
const dayOf = (at: number) => Math.floor(at / DAY_MS)
const key = (day: number, id: string) => ({ day, id, wrapped: `wrapped ${id}` })

/** The vault's keys: one a day, the same for everybody, and gone for everybody. */
export const keyKeeping = [
  promised('a key that is offered first is the key of its day; whoever comes later gets it too', [], async (scene) => {
    const { edgeKeys } = scene.store

    const first = await edgeKeys.offer(key(20_000, 'a'))
    const second = await edgeKeys.offer(key(20_000, 'b'))
    const other = await edgeKeys.offer(key(20_001, 'c'))

    assert.deepEqual({ ...first, madeAt: 0 }, { ...key(20_000, 'a'), madeAt: 0 })
    assert.deepEqual(second, first)
    assert.equal(other.id, 'c')
  }),

  promised('however many offer a key for one day at once, all get the same', [], async (scene) => {
    const offers = Array.from({ length: 20 }, (_, n) => scene.store.edgeKeys.offer(key(20_000, `k${n}`)))

    const ids = new Set((await Promise.all(offers)).map(({ id }) => id))

    assert.equal(ids.size, 1)
    assert.deepEqual(
      (await scene.store.edgeKeys.known()).map(({ id }) => id),
      [...ids],
    )
  }),

  promised('keys are told in the order of their days, whole, with when they were made', ['clock'], async (scene) => {
    const { edgeKeys } = scene.store
    const madeAt = scene.clock.now()
    await edgeKeys.offer(key(20_002, 'c'))
    await scene.clock.advance(5)
    await edgeKeys.offer(key(20_000, 'a'))

    assert.deepEqual(await edgeKeys.known(), [
      { ...key(20_000, 'a'), madeAt: madeAt + 5 },
      { ...key(20_002, 'c'), madeAt },
    ])
  }),

  promised('keys of days that are over for long are destroyed, and no others; twice is harmless', [], async (scene) => {
    const { edgeKeys } = scene.store
    const today = dayOf(scene.clock.now())
    for (const day of [today - 20, today - 15, today - 13, today + 2]) await edgeKeys.offer(key(day, `k${day}`))

    assert.equal(await edgeKeys.destroy(14), 2)
    assert.equal(await edgeKeys.destroy(14), 0)
    assert.deepEqual(
      (await edgeKeys.known()).map(({ day }) => day),
      [today - 13, today + 2],
    )
  }),

  promised(
    'a day is over at its end: its key is destroyed that many days later and not before',
    ['clock'],
    async (scene) => {
      const { edgeKeys } = scene.store
      const day = dayOf(scene.clock.now())
      await edgeKeys.offer(key(day, 'a'))
      await scene.clock.advance((day + 1 + 14) * DAY_MS - 1 - scene.clock.now())

      assert.equal(await edgeKeys.destroy(14), 0)
      await scene.clock.advance(1)
      assert.equal(await edgeKeys.destroy(14), 1)
    },
  ),

  promised('after a destruction the day may have another key', [], async (scene) => {
    const { edgeKeys } = scene.store
    await edgeKeys.offer(key(20_000, 'a'))
    await edgeKeys.destroy(14)

    assert.equal((await edgeKeys.offer(key(20_000, 'b'))).id, 'b')
  }),

  promised('a key that was answered, and a destruction that was, outlive a crash', ['crash'], async (scene) => {
    const today = dayOf(scene.clock.now())
    await scene.store.edgeKeys.offer(key(today - 20, 'old'))
    const kept = await scene.store.edgeKeys.offer(key(today, 'new'))
    await scene.store.edgeKeys.destroy(14)
    await scene.reopen('crash')

    assert.deepEqual(await scene.store.edgeKeys.known(), [kept])
  }),
]

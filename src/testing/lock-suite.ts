import assert from 'node:assert/strict'
import type { Locks } from '../store/store.ts'
import type { Need } from './harness.ts'

/** What a table of locks needs so that the suite can be run over it. */
export interface LockHarness {
  readonly offers: readonly Need[]
  /** Locks of their own for each call; all calls of one `locks` see the same ones. */
  open(): Promise<{ locks: Locks; advance(ms: number): Promise<void>; close(): Promise<void> }>
}

export interface LockPromise {
  readonly name: string
  readonly needs: readonly Need[]
  run(harness: LockHarness): Promise<void>
}

type Play = (locks: Locks, advance: (ms: number) => Promise<void>) => Promise<void>

const promised = (name: string, needs: readonly Need[], play: Play): LockPromise => ({
  name,
  needs,
  async run(harness) {
    const { locks, advance, close } = await harness.open()
    try {
      await play(locks, advance)
    } finally {
      await close()
    }
  },
})

const TTL_MS = 10_000

/** What named locks promise: one holder at a time, and a fence that tells a late one apart. */
export const lockSuite: readonly LockPromise[] = [
  promised('a lock has one holder at a time', [], async (locks) => {
    assert.notEqual(await locks.take('leader', 'a', TTL_MS), null)
    assert.equal(await locks.take('leader', 'b', TTL_MS), null)
  }),

  promised('of many who ask at once one gets it', [], async (locks) => {
    const holders = Array.from({ length: 20 }, (_, n) => `holder ${n}`)
    const fences = await Promise.all(holders.map((holder) => locks.take('leader', holder, TTL_MS)))

    assert.equal(fences.filter((fence) => fence !== null).length, 1)
  }),

  promised('two names are two locks', [], async (locks) => {
    assert.notEqual(await locks.take('one', 'a', TTL_MS), null)
    assert.notEqual(await locks.take('other', 'b', TTL_MS), null)
  }),

  promised('to take what one holds renews it and keeps the fence', ['clock'], async (locks, advance) => {
    const fence = await locks.take('leader', 'a', TTL_MS)
    await advance(TTL_MS - 1)
    assert.equal(await locks.take('leader', 'a', TTL_MS), fence)

    await advance(TTL_MS - 1)
    assert.equal(await locks.take('leader', 'b', TTL_MS), null)
  }),

  promised('a lock that is released can be taken at once, with a higher fence', [], async (locks) => {
    const first = await locks.take('leader', 'a', TTL_MS)
    await locks.release('leader', 'a')
    const second = await locks.take('leader', 'b', TTL_MS)

    assert.ok(first !== null && second !== null && second > first)
  }),

  promised('a lock that runs out can be taken, with a higher fence', ['clock'], async (locks, advance) => {
    const first = await locks.take('leader', 'a', TTL_MS)
    await advance(TTL_MS)
    const second = await locks.take('leader', 'b', TTL_MS)

    assert.ok(first !== null && second !== null && second > first)
    assert.equal(await locks.take('leader', 'a', TTL_MS), null)
  }),

  promised(
    'the same holder again, after its lock ran out or was released, has a higher fence',
    ['clock'],
    async (locks, advance) => {
      const fences = [await locks.take('leader', 'a', TTL_MS)]
      await advance(TTL_MS)
      fences.push(await locks.take('leader', 'a', TTL_MS))
      await locks.release('leader', 'a')
      fences.push(await locks.take('leader', 'a', TTL_MS))

      assert.ok(fences.every((fence, n) => fence !== null && (n === 0 || fence > fences[n - 1]!)))
    },
  ),

  promised('to release what somebody else holds, or nobody, is harmless', [], async (locks) => {
    await locks.release('leader', 'a')
    await locks.take('leader', 'a', TTL_MS)
    await locks.release('leader', 'b')

    assert.equal(await locks.take('leader', 'b', TTL_MS), null)
  }),
]

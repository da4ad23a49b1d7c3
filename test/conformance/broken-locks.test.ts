import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lock } from '../../src/lock/lock.ts'
import { type HoldHarness, holdSuite } from '../../src/testing/hold-suite.ts'
import { redis } from '../services/redis.ts'
import { redlockOver } from './redlock.ts'

/** A lock that breaks one promise, and the promises that have to notice. */
interface Broken {
  readonly what: string
  readonly found: readonly string[]
  breaks(lock: Lock): Pick<Lock, 'hold'>
}

const BROKEN: readonly Broken[] = [
  {
    what: 'lets two hold one name',
    found: ['of many who ask, one holds at a time, and each has its turn'],
    breaks(lock) {
      let n = 0
      return { hold: (name, ...rest) => lock.hold(`${name} ${++n}`, ...rest) }
    },
  },
  {
    what: 'does not tell a holder that its lock is lost',
    found: [
      'a holder whose lock was taken away is told',
      'a holder that cannot renew is told before another can have the lock',
    ],
    breaks: (lock) => ({
      hold: (name, ttlMs, work, signal) =>
        lock.hold(name, ttlMs, () => work(signal ?? new AbortController().signal), signal),
    }),
  },
  {
    what: 'never runs out',
    found: ['a holder that died blocks nobody for longer than its time'],
    breaks: (lock) => ({ hold: (name, ttlMs, ...rest) => lock.hold(name, ttlMs * 1_000, ...rest) }),
  },
]

const harness = redlockOver(async () => [await redis.ready()], ['mortal', 'takeAway'])

for (const broken of BROKEN)
  test(`the suite finds a lock that ${broken.what}`, { skip: redis.skip }, async () => {
    const over = breaking(harness, broken)
    for (const name of broken.found) {
      const promise = holdSuite.find((one) => one.name === name)
      assert.ok(promise, `the suite has no promise "${name}"`)
      await assert.rejects(promise.run(over), assert.AssertionError, `"${name}" did not notice`)
    }
  })

function breaking(harness: HoldHarness, { breaks }: Broken): HoldHarness {
  const over = (lock: Lock): Lock => ({
    name: lock.name,
    ...breaks(lock),
    ready: () => lock.ready(),
    check: () => lock.check(),
    close: () => lock.close(),
  })
  return {
    ...harness,
    async open() {
      const opened = await harness.open()
      return {
        ...opened,
        lock: over(opened.lock),
        another: async () => over(await opened.another()),
        async mortal() {
          const mortal = await opened.mortal()
          return { ...mortal, lock: over(mortal.lock) }
        },
      }
    },
  }
}

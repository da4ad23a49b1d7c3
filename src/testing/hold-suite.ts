import assert from 'node:assert/strict'
import { systemClock } from '../core/clock.ts'
import { busy, type Lock, LockLost, LockUnavailable } from '../lock/lock.ts'

/** What a lock needs from its surroundings so that a promise can be tried on it. */
export type HoldNeed =
  /** `mortal`: a holder that can die without a word. */
  | 'mortal'
  /** `takeAway`: what says that a name is held is removed behind the holder's back. */
  | 'takeAway'
  /** Three nodes vote, and can be `gone` and `back`. */
  | 'nodes'

/** What whoever writes a lock brings, so that the suite can be run over it. */
export interface HoldHarness {
  readonly offers: readonly HoldNeed[]
  /** Of the service, as it says itself. */
  version(): Promise<string>
  open(): Promise<OpenedHold>
}

export interface OpenedHold {
  readonly lock: Lock
  /** Holds are asked for with it: about a second. */
  readonly ttlMs: number
  /** Another process at the same place. */
  another(): Promise<Lock>
  /** One whose process can be lost: from `die` on nothing that it sends arrives. */
  mortal(): Promise<{ readonly lock: Lock; die(): Promise<void> }>
  takeAway(name: string): Promise<void>
  /** So many of the three nodes are killed. */
  gone(count: number): Promise<void>
  back(): Promise<void>
  close(): Promise<void>
}

/** One sentence that a lock has to keep, and the trial of it. `run` rejects when it does not. */
export interface HoldPromise {
  readonly name: string
  readonly needs: readonly HoldNeed[]
  run(harness: HoldHarness): Promise<void>
}

/** What every lock around the work promises. */
export const holdSuite: readonly HoldPromise[] = [
  promised('of many who ask, one holds at a time, and each has its turn', [], async ({ lock, another, ttlMs }) => {
    const locks = [lock, await another(), await another()]
    let holding = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++holding)
      await pause(5)
      holding--
    }
    await Promise.all(Array.from({ length: 12 }, (_, n) => inTurn(locks[n % 3] as Lock, { ttlMs, work })))

    assert.equal(most, 1)
  }),

  promised('it answers what the work answered, and busy, soon, to whoever asks meanwhile', [], async (opened) => {
    const { lock, ttlMs } = opened
    const other = await opened.another()
    const held = holder(lock, ttlMs)
    await held.begun
    const from = systemClock.now()
    assert.equal(await other.hold(NAME, ttlMs, never), busy)
    assert.ok(systemClock.now() - from < ttlMs, 'to be told took as long as the lock lasts')
    assert.equal(await other.hold('another name', ttlMs, async () => 'held'), 'held')

    held.end('worked')
    assert.equal(await held.answer, 'worked')
  }),

  promised('it is free at once when the work has ended, and when the work has thrown', [], async (opened) => {
    const { lock, ttlMs } = opened
    const other = await opened.another()
    assert.equal(await lock.hold(NAME, ttlMs, async () => 1), 1)
    assert.equal(await other.hold(NAME, ttlMs, async () => 2), 2)
    await assert.rejects(
      lock.hold(NAME, ttlMs, async () => Promise.reject(new Error('the work failed'))),
      /the work failed/,
    )
    assert.equal(await other.hold(NAME, ttlMs, async () => 3), 3)
  }),

  promised('it stays held for as long as the work runs, however long that is', [], async (opened) => {
    const { lock, ttlMs } = opened
    const other = await opened.another()
    const held = holder(lock, ttlMs)
    await held.begun
    const untilAt = systemClock.now() + ttlMs * 3
    while (systemClock.now() < untilAt) {
      assert.equal(await other.hold(NAME, ttlMs, never), busy)
      await pause(ttlMs / 10)
    }

    assert.equal(held.signal().aborted, false)
    held.end('worked')
    assert.equal(await held.answer, 'worked')
  }),

  promised('whoever asks for nothing any more is given nothing', [], async ({ lock, ttlMs }) => {
    const stop = new AbortController()
    const held = holder(lock, ttlMs, stop.signal)
    await held.begun
    stop.abort(new Error('stopped'))
    await aborted(held.signal(), 'the signal that was given')
    held.end('worked')
    await held.answer

    await assert.rejects(lock.hold(NAME, ttlMs, never, stop.signal), /stopped/)
    assert.equal(await lock.hold(NAME, ttlMs, async () => 'held'), 'held')
  }),

  promised('a holder that died blocks nobody for longer than its time', ['mortal'], async (opened) => {
    const { lock, ttlMs } = opened
    const dying = await opened.mortal()
    const held = holder(dying.lock, ttlMs)
    await held.begun
    assert.equal(await lock.hold(NAME, ttlMs, never), busy)
    await dying.die()

    await gets(lock, ttlMs, ttlMs * 2)
    held.end('too late')
    await held.answer
  }),

  promised('a holder that cannot renew is told before another can have the lock', ['mortal'], async (opened) => {
    const { lock, ttlMs } = opened
    const cut = await opened.mortal()
    const held = holder(cut.lock, ttlMs)
    await held.begun
    await cut.die()
    let toldFirst = false
    await gets(lock, ttlMs, ttlMs * 2, () => void (toldFirst = held.signal().aborted))

    assert.ok(toldFirst, 'two held the lock, and the first had not been told')
    isLost(held.signal())
    held.end('too late')
    assert.equal(await held.answer, 'too late')
  }),

  promised('a holder whose lock was taken away is told', ['takeAway'], async (opened) => {
    const { lock, ttlMs } = opened
    const held = holder(lock, ttlMs)
    await held.begun
    await opened.takeAway(NAME)

    await aborted(held.signal(), 'the signal of a holder that lost its lock', ttlMs * 2)
    isLost(held.signal())
    held.end('worked')
    assert.equal(await held.answer, 'worked')
  }),

  promised('with one node of three gone it works, and a holder keeps what it has', ['nodes'], async (opened) => {
    const { lock, ttlMs } = opened
    const held = holder(lock, ttlMs)
    await held.begun
    await opened.gone(1)

    const other = await opened.another()
    assert.equal(await lock.ready(), null)
    const untilAt = systemClock.now() + ttlMs * 2
    while (systemClock.now() < untilAt) {
      assert.equal(await other.hold(NAME, ttlMs, never), busy)
      await pause(ttlMs / 10)
    }
    assert.equal(held.signal().aborted, false)
    held.end('worked')
    await held.answer
    assert.equal(await other.hold(NAME, ttlMs, async () => 'held'), 'held')
  }),

  promised(
    'with two nodes of three gone it says so, holders are told, and later it works again',
    ['nodes'],
    async (opened) => {
      const { lock, ttlMs } = opened
      const held = holder(lock, ttlMs)
      await held.begun
      await opened.gone(2)

      await assert.rejects(lock.hold('another name', ttlMs, never), LockUnavailable)
      assert.equal(typeof (await lock.ready()), 'string')
      await aborted(held.signal(), 'the signal of a holder without a quorum', ttlMs * 2)
      isLost(held.signal())
      held.end('worked')
      assert.equal(await held.answer, 'worked')

      await opened.back()
      await gets(lock, ttlMs, PATIENCE_MS)
      assert.equal(await lock.ready(), null)
    },
  ),

  promised('to close tells holders, twice is harmless, and after it nothing is given', [], async ({ lock, ttlMs }) => {
    const held = holder(lock, ttlMs)
    await held.begun
    await lock.close()
    await lock.close()
    isLost(held.signal())
    held.end('worked')
    assert.equal(await held.answer, 'worked')

    await assert.rejects(lock.hold(NAME, ttlMs, never), LockUnavailable)
  }),
]

function promised(name: string, needs: readonly HoldNeed[], play: (opened: OpenedHold) => Promise<void>): HoldPromise {
  return {
    name,
    needs,
    async run(harness) {
      const opened = await harness.open()
      try {
        await play(opened)
      } finally {
        await opened.close()
      }
    },
  }
}

const NAME = 'lane:default:cus_1'
const PATIENCE_MS = 15_000

const never = async (): Promise<never> => assert.fail('the work was run without the lock')

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** One that holds until it is told to end. */
function holder(lock: Lock, ttlMs: number, stop?: AbortSignal) {
  const begun = Promise.withResolvers<AbortSignal>()
  const ended = Promise.withResolvers<string>()
  let given: AbortSignal | null = null
  const answer = lock.hold(
    NAME,
    ttlMs,
    (signal) => {
      given = signal
      begun.resolve(signal)
      return ended.promise
    },
    stop,
  )
  const failed = answer.then((one) => assert.notEqual(one, busy, 'a lock that is free was not given'))
  failed.catch(() => {})
  const signal = (): AbortSignal => given ?? assert.fail('the work has not begun')
  return { begun: Promise.race([begun.promise, failed]), signal, end: ended.resolve, answer }
}

async function inTurn(lock: Lock, { ttlMs, work }: { ttlMs: number; work: () => Promise<void> }): Promise<void> {
  const untilAt = systemClock.now() + PATIENCE_MS
  while ((await lock.hold(NAME, ttlMs, work)) === busy) {
    assert.ok(systemClock.now() < untilAt, 'it was held by others for ever')
    await pause(5 + (systemClock.now() % 11))
  }
}

/** Asks until it is given, within `patienceMs`. */
async function gets(lock: Lock, ttlMs: number, patienceMs: number, then = () => {}): Promise<void> {
  const untilAt = systemClock.now() + patienceMs
  for (;;) {
    const answer = await lock.hold(NAME, ttlMs, async () => then()).catch(isUnavailable)
    if (answer !== busy) return
    assert.ok(systemClock.now() < untilAt, `after ${patienceMs} ms it is still held by one who is gone`)
    await pause(10)
  }
}

/** Until enough nodes are back, that is as good as busy. */
function isUnavailable(error: unknown): typeof busy {
  if (error instanceof LockUnavailable) return busy
  throw error
}

const isLost = (signal: AbortSignal): void =>
  assert.ok(signal.aborted && signal.reason instanceof LockLost, `it was told ${signal.reason}`)

async function aborted(signal: AbortSignal, what: string, patienceMs = PATIENCE_MS): Promise<void> {
  const heard = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => heard.reject(new assert.AssertionError({ message: `${what} did not abort within ${patienceMs} ms` })),
    patienceMs,
  )
  if (signal.aborted) heard.resolve()
  signal.addEventListener('abort', () => heard.resolve(), { once: true })
  await heard.promise.finally(() => clearTimeout(timer))
}

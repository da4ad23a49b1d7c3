import assert from 'node:assert/strict'
import { DONE, handler, promised, retry } from '../scene.ts'

/** Leasing: what a worker gets, when, and what the lease is. */
export const leasing = [
  promised('a lease brings the event with its lane, a fence, and attempt 1 of none lost', [], async (scene) => {
    const event = await scene.admit({ object: 'in_1', customer: 'cus_1' })

    const work = await scene.leaseOne()

    const { lane, rank: _, urgency: __, as: ___, body, ...said } = event
    const { body: bytes, ...got } = work.event
    assert.deepEqual({ ...got }, { ...got, ...said })
    assert.deepEqual(Buffer.from(bytes), body)
    assert.deepEqual(
      {
        lane: work.lane,
        attempt: work.attempt,
        lost: work.lost,
        laterMs: work.laterMs,
        twinOf: work.twinOf,
        stale: work.stale,
        remembered: work.remembered,
      },
      { lane, attempt: 1, lost: 0, laterMs: null, twinOf: null, stale: false, remembered: {} },
    )
    assert.ok(work.fence > 0)
    assert.equal(await scene.state(event), 'running')
  }),

  promised('a lease brings at most as many as were asked for', [], async (scene) => {
    for (let n = 0; n < 5; n++) await scene.admit()

    assert.equal((await scene.lease({ max: 3 })).length, 3)
    assert.equal((await scene.lease({ max: 3 })).length, 2)
  }),

  promised('a lease that finds nothing waits, and answers as soon as something comes', [], async (scene) => {
    const pending = scene.lease({ waitMs: 60_000 })
    const event = await scene.admit()

    assert.deepEqual(
      (await pending).map((work) => work.event.id),
      [event.id],
    )
  }),

  promised('a lease that waits answers when a retry falls due', ['clock'], async (scene) => {
    const event = await scene.admit()
    await scene.work(retry(5_000))
    const pending = scene.lease({ waitMs: 60_000 })

    await scene.clock.advance(5_000)

    const [work] = await pending
    assert.equal(work?.event.id, event.id)
    assert.equal(work?.attempt, 2)
  }),

  promised('somebody who looks at the very moment does not keep a retry from falling due', ['clock'], async (scene) => {
    await scene.admit()
    await scene.work(retry(5_000))
    const pending = scene.lease({ waitMs: 60_000 })
    await scene.ledger.backlog()

    const looking = scene.found({})
    await scene.clock.advance(5_000)
    await Promise.all([looking, scene.clock.advance(100)])

    let work: unknown[] = []
    void pending.then((got) => (work = [...got]))
    await scene.found({})
    assert.equal(work.length, 1)
  }),

  promised('a lease that finds nothing is empty after its time', ['clock'], async (scene) => {
    let answered = false
    const pending = scene.lease({ waitMs: 1_000 }).then((work) => {
      answered = true
      return work
    })

    await scene.clock.advance(999)
    assert.equal(answered, false)
    await scene.clock.advance(1)
    assert.deepEqual(await pending, [])
  }),

  promised('a lease that is called off is empty, however early it is called off', [], async (scene) => {
    const later = new AbortController()
    const pending = scene.lease({ waitMs: 600_000 }, later.signal)
    await scene.ledger.backlog()
    later.abort()
    assert.deepEqual(await pending, [])

    const atOnce = new AbortController()
    const hasty = scene.lease({ waitMs: 600_000 }, atOnce.signal)
    atOnce.abort()
    assert.deepEqual(await hasty, [])
    assert.deepEqual(await scene.lease({ waitMs: 600_000 }, AbortSignal.abort()), [])
  }),

  promised('an event that is leased in spite of being called off reaches whoever called', [], async (scene) => {
    const event = await scene.admit()
    const abort = new AbortController()
    const pending = scene.lease({ waitMs: 600_000 }, abort.signal)
    abort.abort()

    const got = (await pending).map((work) => work.event.id)

    assert.deepEqual([...got, ...(await scene.leasedIds())], [event.id])
  }),

  promised('two workers that ask at once never get the same event', [], async (scene) => {
    for (let n = 0; n < 20; n++) await scene.admit()

    const leases = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => scene.lease({ worker, max: 7 })))

    const ids = leases.flat().map(({ event }) => event.id)
    assert.equal(ids.length, 20)
    assert.equal(new Set(ids).size, 20)
  }),

  promised('an event is leased only when every handler that matches its type has room', [], async (scene) => {
    await scene.admit({ type: 'invoice.paid' })
    await scene.admit({ type: 'charge.failed' })
    const handles = [handler({ name: 'all' }), handler({ name: 'invoices', pattern: 'invoice.*', room: 0 })]

    const work = await scene.lease({ handles })

    assert.deepEqual(
      work.map(({ event }) => event.type),
      ['charge.failed'],
    )
    assert.equal((await scene.lease({ handles: [handler()] })).length, 1)
  }),

  promised('one lease brings no more of a handler than it has room for', [], async (scene) => {
    for (let n = 0; n < 5; n++) await scene.admit({ type: 'invoice.paid' })
    for (let n = 0; n < 5; n++) await scene.admit({ type: 'charge.failed' })

    const work = await scene.lease({ handles: [handler({ pattern: 'invoice.paid', room: 2 })] })

    assert.equal(work.filter(({ event }) => event.type === 'invoice.paid').length, 2)
    assert.equal(work.filter(({ event }) => event.type === 'charge.failed').length, 5)
  }),

  promised('what waited for room is leased as soon as there is some', [], async (scene) => {
    for (let n = 0; n < 3; n++) await scene.admit()
    assert.deepEqual(await scene.lease({ handles: [handler({ room: 0 })] }), [])

    for (let n = 0; n < 3; n++) assert.equal((await scene.lease({ handles: [handler({ room: 1 })] })).length, 1)
  }),

  promised('an event that nobody handles is leased, so that somebody can settle it unhandled', [], async (scene) => {
    const event = await scene.admit({ type: 'topup.created' })

    const work = await scene.leaseOne({ handles: [handler({ pattern: 'invoice.*' })] })
    await scene.settle(work, { kind: 'done', reason: 'unhandled' })

    assert.equal(await scene.state(event), 'done unhandled')
  }),
  ...lasting(),
]

/** How long a lease lasts, and its fence. */
function lasting() {
  return [
    promised('a lease lasts the sum of its handlers and ten seconds', ['clock'], async (scene) => {
      const handles = [
        handler({ name: 'a', leaseMs: 5_000 }),
        handler({ name: 'b', leaseMs: 7_000, pattern: 'invoice.*' }),
      ]
      await scene.admit({ type: 'invoice.paid' })
      await scene.admit({ type: 'charge.failed' })
      const [invoice, charge] = (await scene.lease({ handles })).toSorted((a, b) =>
        b.event.type.localeCompare(a.event.type),
      )

      await scene.clock.advance(14_999)
      assert.equal(await scene.settle(charge!), 'settled')
      await scene.clock.advance(7_000)
      assert.equal(await scene.settle(invoice!), 'settled')
    }),

    promised('a lease is over when its time is, also for its own worker', ['clock'], async (scene) => {
      await scene.admit()
      const work = await scene.leaseOne({ handles: [handler({ leaseMs: 5_000 })] })

      await scene.clock.advance(15_000)

      assert.equal(await scene.settle(work), 'stale')
    }),

    promised('fences of a lane rise with every lease, over restarts and crashes too', ['crash'], async (scene) => {
      const [first] = await scene.admitLane(3)
      const fences: number[] = []
      const turn = async () => {
        const work = await scene.leaseOne()
        fences.push(work.fence)
        return work
      }

      await scene.settle(await turn(), retry())
      await scene.settle(await turn(), DONE)
      await scene.reopen('clean')
      await turn()
      await scene.reopen('crash')
      await scene.settle(await turn(), DONE)
      await scene.move(first!, 'reopen', 'all')
      await turn()

      assert.deepEqual(
        fences,
        [...new Set(fences)].sort((a, b) => a - b),
      )
    }),

    promised('a lease keeps who leased it and which code ran, and a search by release finds it', [], async (scene) => {
      const event = await scene.admit()
      await scene.work(DONE, { worker: 'w 7', release: 'abc123' })
      await scene.admit()

      const story = await scene.ledger.open((await scene.entry(event)).ref)
      const [attempt] = story!.timeline
      assert.ok(attempt?.kind === 'attempt')
      assert.deepEqual([attempt.worker, attempt.release, attempt.outcome], ['w 7', 'abc123', 'done'])
      assert.deepEqual(await scene.found({ handledBy: 'abc123' }), [event.id])
    }),

    promised('work says for how long its event has waited', ['clock'], async (scene) => {
      await scene.admit()
      await scene.clock.advance(12_345)

      assert.equal((await scene.leaseOne()).waitedMs, 12_345)
    }),
  ]
}

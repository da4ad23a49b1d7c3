import assert from 'node:assert/strict'
import { DONE, dead, promised, retry, STRICT, wait } from '../scene.ts'

/** Lanes: one at a time, in order; what a failed event does to the later ones. */
export const lanes = [
  promised('never are two events of one lane leased at once, whoever asks', [], async (scene) => {
    const events = await scene.admitLane(5)

    for (const event of events) {
      const leases = await Promise.all(['a', 'b', 'c'].map((worker) => scene.lease({ worker })))
      const [work, ...more] = leases.flat()
      assert.deepEqual([work?.event.id, more.length], [event.id, 0])
      await scene.settle(work!)
    }
  }),

  promised('a lane goes in the order of created, then rank, then arrival', [], async (scene) => {
    const lane = 'default:cus_1'
    const at = Math.floor(scene.clock.now() / 1000) * 1000
    const late = scene.event({ lane, createdAt: at + 2000, rank: 1 })
    const paid = scene.event({ lane, createdAt: at, rank: 20 })
    const paidToo = scene.event({ lane, createdAt: at, rank: 20 })
    const created = scene.event({ lane, createdAt: at, rank: 0 })
    const early = scene.event({ lane, createdAt: at - 5000, rank: 31 })
    await scene.ledger.admit([late, paid, paidToo, created, early])

    const order: string[] = []
    for (let n = 0; n < 5; n++) order.push((await scene.work()).event.id)

    assert.deepEqual(order, [early.id, created.id, paid.id, paidToo.id, late.id])
  }),

  promised('the order of a lane survives a crash', ['crash'], async (scene) => {
    const events = await scene.admitLane(3)
    await scene.ledger.admit([
      scene.event({ lane: 'default:cus_1', createdAt: events[0]!.createdAt - 1000, id: 'evt_0' }),
    ])

    await scene.reopen('crash')

    const order: string[] = []
    for (let n = 0; n < 4; n++) order.push((await scene.work()).event.id)
    assert.deepEqual(order, ['evt_0', ...events.map(({ id }) => id)])
  }),

  promised('flow: an event in back-off, put off or dead does not hold up its lane', [], async (scene) => {
    for (const outcome of [retry(3_600_000), wait(3_600_000), dead()]) {
      const [first, second] = await scene.admitLane(2, { lane: `default:${outcome.kind}` })
      assert.equal((await scene.work(outcome)).event.id, first!.id)
      assert.equal((await scene.work()).event.id, second!.id)
    }
  }),

  promised('flow: an event that comes back is the first of its lane again', ['clock'], async (scene) => {
    const [first] = await scene.admitLane(3)
    await scene.work(retry(1_000))
    await scene.clock.advance(1_000)

    assert.equal((await scene.leaseOne()).event.id, first!.id)
  }),

  promised(
    'flow: of a lane whose event is running nothing is leased, even when it was given back once',
    [],
    async (scene) => {
      await scene.admitLane(2)
      const work = await scene.leaseOne()
      await scene.ledger.giveBack([work], 0)
      const again = await scene.leaseOne()

      assert.equal(again.event.id, work.event.id)
      assert.deepEqual(await scene.lease({ worker: 'another' }), [])
    },
  ),
  promised('flow: a lane waits for what was given back for a while', ['clock'], async (scene) => {
    const [first] = await scene.admitLane(2)
    await scene.ledger.giveBack([await scene.leaseOne()], 1_000)
    assert.deepEqual(await scene.lease(), [])
    await scene.clock.advance(1_000)

    assert.equal((await scene.work()).event.id, first!.id)
  }),

  promised('flow: it does so after a crash too', ['clock', 'crash'], async (scene) => {
    const [first] = await scene.admitLane(2)
    await scene.ledger.giveBack([await scene.leaseOne()], 60_000)
    await scene.reopen('crash')
    assert.deepEqual(await scene.lease(), [])
    await scene.clock.advance(60_000)

    assert.equal((await scene.work()).event.id, first!.id)
  }),

  ...strict(),
]

/** `strict`: a failed event holds up the later ones of its lane until it is settled. */
function strict() {
  return [
    promised('strict: an event in back-off or put off holds up its lane, and no other', ['clock'], async (scene) => {
      for (const outcome of [retry(10_000), wait(10_000)]) {
        const [first, second] = await scene.admitLane(2, { lane: `default:${outcome.kind}` })
        await scene.work(outcome, STRICT)
        const other = await scene.admit()

        assert.deepEqual(await scene.leasedIds(STRICT), [other.id])
        await scene.clock.advance(10_000)
        assert.equal((await scene.work(DONE, STRICT)).event.id, first!.id)
        assert.equal((await scene.work(DONE, STRICT)).event.id, second!.id)
      }
    }),

    promised('strict: a dead event holds up its lane until it is reopened and done', [], async (scene) => {
      const [first, second] = await scene.admitLane(2)
      await scene.work(dead(), STRICT)
      assert.deepEqual(await scene.lease(STRICT), [])

      await scene.move(first!, 'reopen')
      assert.equal((await scene.work(DONE, STRICT)).event.id, first!.id)
      assert.equal((await scene.work(DONE, STRICT)).event.id, second!.id)
    }),

    promised('strict: a dead event that is discarded or recorded lets its lane go on', [], async (scene) => {
      for (const kind of ['discard', 'record'] as const) {
        const [first, second] = await scene.admitLane(2, { lane: `default:${kind}` })
        await scene.work(dead(), STRICT)
        assert.deepEqual(await scene.lease(STRICT), [])

        await scene.move(first!, kind)
        assert.deepEqual((await scene.work(DONE, STRICT)).event.id, second!.id)
      }
    }),

    promised('strict: a lane that is held up stays so over a restart and a crash', ['crash'], async (scene) => {
      await scene.admitLane(2, { lane: 'default:dead' })
      await scene.work(dead(), STRICT)
      await scene.admitLane(2, { lane: 'default:back-off' })
      await scene.work(retry(3_600_000), STRICT)

      for (const how of ['clean', 'crash', 'clean'] as const) {
        await scene.reopen(how)
        assert.deepEqual(await scene.lease(STRICT), [])
      }
    }),

    promised(
      'strict: holding and releasing what is in back-off does not let its lane pass it',
      ['clock'],
      async (scene) => {
        const [first] = await scene.admitLane(2)
        await scene.work(retry(10_000), STRICT)

        await scene.move(first!, 'hold')
        assert.deepEqual(await scene.lease(STRICT), [])
        await scene.move(first!, 'release')
        assert.deepEqual(await scene.lease(STRICT), [])

        await scene.clock.advance(10_000)
        assert.equal((await scene.leaseOne(STRICT)).event.id, first!.id)
      },
    ),

    promised(
      'strict: after a crash too, an event in back-off that arrived after others of its lane holds them up',
      ['clock', 'crash'],
      async (scene) => {
        const [later] = await scene.admitLane(1)
        const first = await scene.admit({ lane: later!.lane, createdAt: later!.createdAt - 60_000 })
        assert.equal((await scene.work(retry(600_000), STRICT)).event.id, first.id)

        await scene.reopen('crash')
        assert.deepEqual(await scene.lease(STRICT), [])
        await scene.clock.advance(600_000)
        assert.equal((await scene.work(DONE, STRICT)).event.id, first.id)
        assert.equal((await scene.work(DONE, STRICT)).event.id, later!.id)
      },
    ),

    promised('strict: a held event holds up the later ones of its lane', [], async (scene) => {
      const [first, second] = await scene.admitLane(2)
      await scene.move(first!, 'hold')
      assert.deepEqual(await scene.lease(STRICT), [])

      await scene.move(first!, 'release')
      assert.equal((await scene.work(DONE, STRICT)).event.id, first!.id)
      assert.equal((await scene.work(DONE, STRICT)).event.id, second!.id)
    }),

    promised('strict: two dead events of a lane hold it up until both are settled', [], async (scene) => {
      const [first, second, third] = await scene.admitLane(3)
      await scene.work(dead(), STRICT)
      await scene.move(second!, 'quarantine')
      await scene.move(first!, 'reopen')
      await scene.work(dead(), STRICT)
      await scene.move(first!, 'discard')

      assert.equal((await scene.work(DONE, STRICT)).event.id, third!.id)
    }),
  ]
}

import assert from 'node:assert/strict'
import { dead, promised, retry, STRICT } from '../scene.ts'

/** Leases that run out: counted, then alone, so that an event which kills its process kills nothing else. */
export const losing = [
  promised('a lease that runs out is an attempt, and counted as lost', ['clock'], async (scene) => {
    const event = await scene.admit()
    await scene.leaseOne()
    await scene.outlive()

    const work = await scene.leaseOne()
    assert.deepEqual([work.attempt, work.lost], [2, 1])
    assert.equal((await scene.entry(event)).attempts, 2)
    const story = await scene.ledger.open(work.ref)
    assert.deepEqual(
      story!.timeline.map((chapter) => chapter.kind === 'attempt' && chapter.outcome),
      ['lost', 'running'],
    )
  }),

  promised('losses in a row add up', ['clock'], async (scene) => {
    await scene.admit()
    for (let lost = 0; lost < 3; lost++) {
      assert.equal((await scene.leaseOne()).lost, lost)
      await scene.outlive()
    }
    assert.equal((await scene.leaseOne()).lost, 3)
  }),

  promised('an attempt that ends in any way ends the row of losses', ['clock'], async (scene) => {
    await scene.admit()
    await scene.leaseOne()
    await scene.outlive()
    await scene.work(retry())

    assert.equal((await scene.leaseOne()).lost, 0)
  }),

  promised('what is given back keeps its losses, and is still leased alone', ['clock'], async (scene) => {
    await scene.admit()
    await scene.leaseOne()
    await scene.outlive()
    await scene.ledger.giveBack([await scene.leaseOne()], 0)
    await scene.admit()

    const leases = [await scene.lease(), await scene.lease({ worker: 'another' })]
    const [alone] = leases.filter((works) => works.some(({ lost }) => lost === 1))
    assert.equal(alone?.length, 1)
  }),

  promised(
    'a lost event is leased alone: its worker gets nothing else until it is settled',
    ['clock'],
    async (scene) => {
      await scene.admit()
      await scene.leaseOne()
      await scene.outlive()
      const work = await scene.leaseOne()
      assert.equal(work.lost, 1)
      for (let n = 0; n < 3; n++) await scene.admit()

      assert.deepEqual(await scene.lease(), [])
      assert.equal((await scene.lease({ worker: 'another', max: 2 })).length, 2)
      await scene.settle(work)
      assert.equal((await scene.lease()).length, 1)
    },
  ),

  promised('a worker that runs something gets no lost event beside it', ['clock'], async (scene) => {
    await scene.admit()
    await scene.leaseOne()
    await scene.outlive()
    const lostRef = (await scene.entry({ id: 'evt_1' })).ref
    await scene.ledger.hold([{ why: 'pause:1', lanes: ['default:lane_1'] }])
    await scene.admit()
    const first = await scene.leaseOne()
    await scene.ledger.hold([])

    assert.deepEqual(await scene.lease(), [])
    await scene.settle(first)
    assert.equal((await scene.leaseOne()).ref, lostRef)
  }),

  promised('one lost event does not bring its lane out of order', ['clock'], async (scene) => {
    const [first, second] = await scene.admitLane(2)
    await scene.leaseOne()
    await scene.outlive()

    assert.equal((await scene.work()).event.id, first!.id)
    assert.equal((await scene.work()).event.id, second!.id)
  }),

  promised('strict: a lost event still holds up its lane', ['clock'], async (scene) => {
    const [first] = await scene.admitLane(2)
    await scene.leaseOne(STRICT)
    await scene.outlive()

    assert.equal((await scene.leaseOne(STRICT)).event.id, first!.id)
    assert.deepEqual(await scene.lease({ ...STRICT, worker: 'another' }), [])
  }),

  promised(
    'a process that ends takes its leases with it: they are lost, and leased again at once',
    ['crash'],
    async (scene) => {
      const event = await scene.admit()
      const late = await scene.leaseOne()

      await scene.reopen('crash')

      const work = await scene.leaseOne()
      assert.deepEqual([work.event.id, work.attempt, work.lost], [event.id, 2, 1])
      assert.ok(work.fence > late.fence)
      assert.equal(await scene.settle(late), 'stale')
      assert.equal(await scene.settle(work), 'settled')
    },
  ),

  promised('losses add up over processes, and what ran beside is leased alone too', ['crash'], async (scene) => {
    await scene.admit()
    await scene.admit()
    assert.equal((await scene.lease()).length, 2)

    for (let lost = 1; lost <= 3; lost++) {
      await scene.reopen('crash')
      const [a, ...none] = await scene.lease({ worker: 'a' })
      const [b, ...no] = await scene.lease({ worker: 'b' })
      assert.deepEqual([a?.lost, none.length, b?.lost, no.length], [lost, 0, lost, 0])
    }
  }),

  promised('a dead event that is reopened has no losses behind it', ['crash'], async (scene) => {
    const event = await scene.admit()
    await scene.leaseOne()
    await scene.reopen('crash')
    await scene.work(dead('lost'))
    await scene.move(event, 'reopen')

    const work = await scene.leaseOne()
    assert.deepEqual([work.attempt, work.lost], [1, 0])
  }),

  promised('what is settled before the process ends is not lost', ['crash'], async (scene) => {
    const event = await scene.admit()
    await scene.work(retry())

    await scene.reopen('crash')

    const work = await scene.leaseOne()
    assert.deepEqual([work.event.id, work.attempt, work.lost], [event.id, 2, 0])
  }),
]

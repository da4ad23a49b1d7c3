import assert from 'node:assert/strict'
import { promised, retry } from '../scene.ts'

/** Holding by rule: what is held waits, says why, and is not leased. */
export const holding = [
  promised('a held type is not leased, is counted as held, and says why', [], async (scene) => {
    const held = await scene.admit({ type: 'invoice.paid' })
    const free = await scene.admit({ type: 'charge.failed' })
    await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.*'] }])

    assert.deepEqual(await scene.leasedIds(), [free.id])
    assert.equal((await scene.entry(held)).held, 'pause:1')
    const { held: count, ready } = await scene.ledger.backlog()
    assert.deepEqual([count, ready], [1, 0])
    assert.deepEqual(await scene.found({ held: true }), [held.id])
  }),

  promised('what arrives while its type is held is held too', [], async (scene) => {
    await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.paid'] }])
    const event = await scene.admit({ type: 'invoice.paid' })

    assert.deepEqual(await scene.lease(), [])
    assert.equal((await scene.entry(event)).held, 'pause:1')
    assert.equal((await scene.ledger.backlog()).held, 1)
  }),

  promised('what falls due while its type is held is held too', ['clock'], async (scene) => {
    await scene.admit({ type: 'invoice.paid' })
    await scene.work(retry(1_000))
    await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.paid'] }])
    await scene.clock.advance(1_000)

    assert.deepEqual(await scene.lease(), [])
    assert.equal((await scene.ledger.backlog()).held, 1)
  }),

  promised('lanes, own accounts and Connect accounts are held as well as types', [], async (scene) => {
    const tenant = { account: 'default', connected: null, livemode: true }
    const lane = await scene.admit({ lane: 'default:cus_1' })
    const eu = await scene.admit({ tenant: { ...tenant, account: 'eu' } })
    const connected = await scene.admit({ tenant: { ...tenant, connected: 'acct_1' } })
    const free = await scene.admit()
    await scene.ledger.hold([
      { why: 'pause:lane', lanes: ['default:cus_1'] },
      { why: 'pause:account', accounts: ['eu'] },
      { why: 'pause:connected', accounts: ['acct_1'] },
    ])

    assert.deepEqual(await scene.leasedIds(), [free.id])
    const why = await Promise.all([lane, eu, connected].map(async (event) => (await scene.entry(event)).held))
    assert.deepEqual(why, ['pause:lane', 'pause:account', 'pause:connected'])
  }),

  promised('the parts of one hold narrow it together', [], async (scene) => {
    const both = await scene.admit({ type: 'invoice.paid', lane: 'default:cus_1' })
    const type = await scene.admit({ type: 'invoice.paid' })
    const lane = await scene.admit({ type: 'charge.failed', lane: 'default:cus_1', createdAt: both.createdAt + 1000 })
    await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.paid'], lanes: ['default:cus_1'] }])

    assert.deepEqual((await scene.leasedIds()).toSorted(), [type.id, lane.id].toSorted())
  }),

  promised('a new list of holds replaces the one before, and what is held no longer is ready', [], async (scene) => {
    const invoice = await scene.admit({ type: 'invoice.paid' })
    const charge = await scene.admit({ type: 'charge.failed' })
    await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.paid'] }])
    await scene.ledger.hold([{ why: 'pause:2', types: ['charge.failed'] }])

    assert.deepEqual(await scene.leasedIds(), [invoice.id])
    await scene.ledger.hold([])
    assert.deepEqual(await scene.leasedIds(), [charge.id])
    assert.equal((await scene.ledger.backlog()).held, 0)
  }),

  promised('a lease that waits answers when a hold ends', [], async (scene) => {
    const event = await scene.admit()
    await scene.ledger.hold([{ why: 'pause:1', types: ['*'] }])
    const pending = scene.lease({ waitMs: 600_000 })
    await scene.ledger.backlog()

    await scene.ledger.hold([])

    assert.deepEqual(
      (await pending).map((work) => work.event.id),
      [event.id],
    )
  }),

  promised(
    'flow: what is held is passed by the later events of its lane, and comes first again when released',
    [],
    async (scene) => {
      const lane = 'default:cus_1'
      const [held] = await scene.admitLane(1, { type: 'invoice.paid' })
      const passing = await scene.admit({ lane, type: 'charge.failed', createdAt: held!.createdAt + 1000 })
      const last = await scene.admit({ lane, type: 'charge.failed', createdAt: held!.createdAt + 2000 })
      await scene.ledger.hold([{ why: 'pause:1', types: ['invoice.paid'] }])

      assert.equal((await scene.work()).event.id, passing.id)
      await scene.ledger.hold([])
      assert.equal((await scene.work()).event.id, held!.id)
      assert.equal((await scene.work()).event.id, last.id)
    },
  ),

  promised('a hold does not touch what runs', [], async (scene) => {
    const event = await scene.admit()
    const work = await scene.leaseOne()
    await scene.ledger.hold([{ why: 'pause:1', types: ['*'] }])

    assert.equal((await scene.entry(event)).held, null)
    assert.equal(await scene.settle(work), 'settled')
  }),

  promised('what is held by a person stays held when a rule ends', [], async (scene) => {
    const event = await scene.admit()
    await scene.move(event, 'hold')
    await scene.ledger.hold([{ why: 'pause:1', types: ['*'] }])
    await scene.ledger.hold([])

    assert.deepEqual(await scene.lease(), [])
    await scene.move(event, 'release')
    assert.deepEqual(await scene.leasedIds(), [event.id])
  }),
]

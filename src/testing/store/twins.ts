import assert from 'node:assert/strict'
import type { Envelope } from '../../core/event.ts'
import type { Scene } from '../scene.ts'
import { dead, promised, retry, TWIN } from '../scene.ts'

/** Two ids for one change; and what is behind a newer event of its object. */
export const twins = [
  promised('two ids for one change are twins: the second to arrive names the first', [], async (scene) => {
    const [first, second] = await admitted(scene, [{}, {}])

    assert.equal((await scene.work()).twinOf, null)
    const work = await scene.leaseOne()
    assert.equal(work.twinOf, first!.id)
    await scene.settle(work, TWIN)

    const { state, reason, twinOf } = await scene.entry(second!)
    assert.deepEqual({ state, reason, twinOf }, { state: 'done', reason: 'twin', twinOf: first!.id })
  }),

  promised('twins are found after a crash too', ['crash'], async (scene) => {
    const [first] = await admitted(scene, [{}, {}])
    await scene.work()

    await scene.reopen('crash')

    assert.equal((await scene.leaseOne()).twinOf, first!.id)
  }),

  promised('what differs in type, data, request or by more than two seconds is no twin', [], async (scene) => {
    const differences: Change[] = [
      { type: 'invoice.updated' },
      { status: 'void' },
      { request: 'req_2' },
      { key: 'k2' },
      { afterMs: 3000 },
    ]
    for (const [i, other] of differences.entries()) {
      await admitted(scene, [{ object: `in_${i}` }, { object: `in_${i}`, ...other }])
      assert.equal((await scene.work()).twinOf, null)
      assert.equal((await scene.work()).twinOf, null)
    }
  }),

  promised('events of two objects, or of two tenants, are no twins', [], async (scene) => {
    await admitted(scene, [{ object: 'in_1' }, { object: 'in_2' }])
    const eu = { account: 'eu', connected: null, livemode: true }
    await scene.ledger.admit([{ ...change(scene, { object: 'in_1' }), tenant: eu, lane: 'eu:cus_1' }])

    for (let n = 0; n < 3; n++) assert.equal((await scene.work()).twinOf, null)
  }),

  promised('A, B, A again: equal events with another change between them are no twins', [], async (scene) => {
    await admitted(scene, [{ status: 'open' }, { status: 'paid', afterMs: 1000 }, { status: 'open', afterMs: 2000 }])

    for (let n = 0; n < 3; n++) assert.equal((await scene.work()).twinOf, null)
  }),

  promised('an event is no twin of a dead or a discarded one: in doubt both are worked', [], async (scene) => {
    await admitted(scene, [{ object: 'in_1' }, { object: 'in_1' }])
    await scene.work(dead())
    assert.equal((await scene.work()).twinOf, null)

    const [first] = await admitted(scene, [{ object: 'in_2' }, { object: 'in_2' }])
    await scene.move(first!, 'discard')
    assert.equal((await scene.work()).twinOf, null)
  }),

  promised('an event is no twin of a twin', [], async (scene) => {
    const [, twin] = await admitted(scene, [{}, {}, {}])
    await scene.work()
    await scene.work(TWIN)

    assert.notEqual((await scene.leaseOne()).twinOf, twin!.id)
  }),

  promised('the same bytes printed another way are the same data', [], async (scene) => {
    const [first] = await admitted(scene, [{}, { indent: 4 }])
    await scene.work()

    assert.equal((await scene.leaseOne()).twinOf, first!.id)
  }),
  ...staleness(),
]

function staleness() {
  return [
    promised('an event is stale when a newer event of its object was already done', [], async (scene) => {
      const [old] = await admitted(scene, [{ status: 'open' }, { status: 'paid', afterMs: 60_000 }])
      await scene.work(retry())
      await scene.move(old!, 'hold')
      assert.equal((await scene.work()).stale, false)
      await scene.move(old!, 'release')

      assert.equal((await scene.leaseOne()).stale, true)
    }),

    promised('staleness survives a crash', ['crash'], async (scene) => {
      const [old] = await admitted(scene, [{ status: 'open' }, { status: 'paid', afterMs: 60_000 }])
      await scene.move(old!, 'hold')
      await scene.work()
      await scene.move(old!, 'release')

      await scene.reopen('crash')

      assert.equal((await scene.leaseOne()).stale, true)
    }),

    promised('a newer event that failed, died or was only recorded makes nothing stale', [], async (scene) => {
      const [old, newer] = await admitted(scene, [{ status: 'open' }, { status: 'paid', afterMs: 60_000 }])
      await scene.move(old!, 'hold')
      await scene.work(dead())
      await scene.move(newer!, 'record')
      await scene.move(old!, 'release')

      assert.equal((await scene.leaseOne()).stale, false)
    }),

    promised('a newer event of another object of the same customer makes nothing stale', [], async (scene) => {
      const [old] = await admitted(scene, [{ object: 'in_1' }, { object: 'in_2', afterMs: 60_000 }])
      await scene.move(old!, 'hold')
      await scene.work()
      await scene.move(old!, 'release')

      assert.equal((await scene.leaseOne()).stale, false)
    }),
  ]
}

interface Change {
  readonly object?: string
  readonly type?: string
  readonly status?: string
  readonly request?: string
  readonly key?: string
  readonly afterMs?: number
  readonly indent?: number
}

async function admitted(scene: Scene, changes: readonly Change[]): Promise<Envelope[]> {
  const events = changes.map((one) => change(scene, one))
  assert.ok((await scene.ledger.admit(events)).every((answer) => answer === 'new'))
  return events
}

function change(scene: Scene, { object = 'in_1', type = 'invoice.paid', status = 'paid', ...more }: Change): Envelope {
  const { request = 'req_1', key = 'k1', afterMs = 0, indent = 2 } = more
  const event = scene.event({ type, object, lane: 'default:cus_1' })
  const data = { object: { id: object, object: 'invoice', status } }
  const body = Buffer.from(
    JSON.stringify({ id: event.id, type, data, request: { id: request, idempotency_key: key } }, null, indent),
  )
  return { ...event, body, createdAt: event.createdAt + afterMs }
}

import assert from 'node:assert/strict'
import type { Envelope } from '../../core/event.ts'
import type { Scene } from '../scene.ts'
import { DONE, promised } from '../scene.ts'

/** Who comes first when there is more than enough to do. */
export const classes = [
  promised('what a buyer waits for comes before the rest, and renewals come last', [], async (scene) => {
    const batch = await scene.admit({ urgency: 'batch' })
    const soon = await scene.admit({ urgency: 'soon' })
    const now = await scene.admit({ urgency: 'now' })

    assert.deepEqual(await order(scene, 3), [now.id, soon.id, batch.id])
  }),

  promised('a lane has the most urgent class among its ready events, and its head is leased', [], async (scene) => {
    await scene.admit({ urgency: 'soon' })
    const lane = 'default:cus_1'
    const at = scene.clock.now()
    const head = await scene.admit({ lane, urgency: 'batch', createdAt: at - 5_000 })
    const buyer = await scene.admit({ lane, urgency: 'now', createdAt: at })

    assert.deepEqual(await order(scene, 2), [head.id, buyer.id])
  }),

  promised('one lease in ten goes to the next class down, so that nothing starves', [], async (scene) => {
    await scene.ledger.admit(many(scene, 60, { urgency: 'now' }))
    await scene.ledger.admit(many(scene, 60, { urgency: 'batch' }))

    const urgent = new Set((await scene.ledger.find({ type: 'now', limit: 100 })).data.map(({ id }) => id))
    const taken = await order(scene, 50)

    assert.equal(taken.filter((id) => !urgent.has(id)).length, 5)
  }),

  promised('within a class lanes take turns, however much waits in one of them', [], async (scene) => {
    const crowd = await scene.admitLane(20, { lane: 'default:crowd' })
    const quiet = await scene.admit()
    const other = await scene.admit()

    const taken = await order(scene, 4)

    assert.ok(taken.includes(quiet.id) && taken.includes(other.id))
    assert.equal(taken.filter((id) => crowd.some((event) => event.id === id)).length, 2)
  }),

  promised('within a class accounts share fairly, however many lanes one of them has', [], async (scene) => {
    const eu = { account: 'eu', connected: null, livemode: true }
    await scene.ledger.admit(many(scene, 30, {}))
    await scene.ledger.admit(many(scene, 10, { tenant: eu, type: 'eu' }))

    const taken = await order(scene, 16)

    const ofEu = new Set(await scene.found({ account: 'eu' }))
    assert.equal(taken.filter((id) => ofEu.has(id)).length, 8)
  }),

  promised('classes survive a crash', ['crash'], async (scene) => {
    const batch = await scene.admit({ urgency: 'batch' })
    const now = await scene.admit({ urgency: 'now' })
    const soon = await scene.admit({ urgency: 'soon' })

    await scene.reopen('crash')

    assert.deepEqual(await order(scene, 3), [now.id, soon.id, batch.id])
  }),
]

/** In which order single leases bring events, each settled before the next is asked for. */
async function order(scene: Scene, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push((await scene.work(DONE)).event.id)
  return ids
}

/** Events of a lane each, whose type says their class so that they can be found by it. */
const many = (scene: Scene, count: number, more: Partial<Envelope>): Envelope[] =>
  Array.from({ length: count }, () => scene.event({ type: more.urgency ?? 'soon', ...more }))

import assert from 'node:assert/strict'
import { systemClock } from '../../core/clock.ts'
import { idsOf, message, messages, never, promised, put, rest, take, until, within } from './promise.ts'

/** Lending: what is not acknowledged comes again, what is does not, and nobody waits for longer than was said. */
export const lending = [
  promised("what is not acknowledged comes again after the loan's time", [], async ({ broker }) => {
    await put(broker, messages('evt', 3))
    const first = await take(broker, 3)
    assert.equal(first.length, 3)

    const again = await take(broker, 3, { ack: true })
    assert.deepEqual(new Set(idsOf(again.map(({ message }) => message))), new Set(['evt_0', 'evt_1', 'evt_2']))
  }),

  promised('what is acknowledged does not come again', [], async ({ broker, lentMs }) => {
    await put(broker, messages('evt', 6))
    for (const { batch } of await take(broker, 6)) await batch.ack()

    assert.deepEqual(idsOf(await rest(broker, lentMs * 2)), [])
  }),

  promised('of a batch those come again that were not acknowledged', [], async ({ broker, lentMs }) => {
    await put(broker, messages('evt', 6))
    const taken = await take(broker, 6)
    const kept = new Set(['evt_1', 'evt_4'])
    for (const { message, batch } of taken) if (!kept.has(message.id)) await batch.ack([message])

    const again = await take(broker, 2, { ack: true })
    assert.deepEqual(new Set(idsOf(again.map(({ message }) => message))), kept)
    assert.deepEqual(idsOf(await rest(broker, lentMs * 2)), [])
  }),

  promised('a refused message comes again and the others do not', [], async ({ broker, lentMs }) => {
    await put(broker, messages('evt', 5))
    const taken = await take(broker, 5)
    for (const { message, batch } of taken) {
      if (message.id === 'evt_2') await batch.refuse(message, 'not now')
      else await batch.ack([message])
    }

    const again = await take(broker, 1, { ack: true })
    assert.deepEqual([...new Set(idsOf(again.map(({ message }) => message)))], ['evt_2'])
    assert.deepEqual(idsOf(await rest(broker, lentMs * 2)), [])
  }),

  promised('to acknowledge all leaves out what was refused before', [], async ({ broker }) => {
    await put(broker, messages('evt', 3))
    const taken = await take(broker, 3)
    const refused = taken.find(({ message }) => message.id === 'evt_1')
    await refused?.batch.refuse(refused.message, 'not now')
    for (const { batch } of taken) await batch.ack()
    for (const { batch } of taken) await batch.ack()

    const again = await take(broker, 1, { ack: true })
    assert.ok(again.every(({ message }) => message.id === 'evt_1'))
  }),

  promised('a receive gives no more than was asked for, and the rest comes later', [], async ({ broker }) => {
    await put(broker, messages('evt', 7))
    const came = new Set<string>()
    await until(async () => {
      const batch = await broker.receive({ max: 3, waitMs: 1_000 }, never)
      assert.ok(batch.messages.length <= 3, `${batch.messages.length} came where 3 were asked for`)
      await batch.ack()
      for (const { id } of batch.messages) came.add(id)
      return came.size === 7
    }, 'all seven come')
  }),

  promised(
    'messages of one key come in the order in which they were appended, where it is promised',
    [],
    async ({ broker }) => {
      const keys = ['default:cus_a', 'default:cus_b', 'default:cus_c']
      const sent = Array.from({ length: 60 }, (_, n) => message(`evt_${n}`, { key: keys[n % 3] as string }))
      await put(broker, sent)

      const came = (await take(broker, 60, { ack: true })).map(({ message }) => message)
      for (const key of keys) {
        const ids = idsOf(came.filter((one) => one.key === key))
        const wanted = idsOf(sent.filter((one) => one.key === key))
        if (broker.traits.ordered) assert.deepEqual(ids, wanted)
        else assert.deepEqual(new Set(ids), new Set(wanted))
      }
    },
  ),

  promised('a receive that waits is woken by an append', [], async ({ broker }) => {
    await broker.receive({ max: 1, waitMs: 100 }, never)
    const waiting = broker.receive({ max: 1, waitMs: 20_000 }, never)
    await put(broker, [message('evt_1')])

    const batch = await within(10_000, waiting, 'a receive over an append')
    assert.deepEqual(idsOf(batch.messages), ['evt_1'])
    await batch.ack()
  }),

  promised('a receive with nothing to give is empty after its wait', [], async ({ broker }) => {
    await broker.receive({ max: 1, waitMs: 100 }, never)
    const from = systemClock.now()
    const batch = await within(10_000, broker.receive({ max: 1, waitMs: 1_000 }, never), 'a wait of a second')

    assert.deepEqual(batch.messages, [])
    const took = systemClock.now() - from
    assert.ok(took >= 900, `it waited ${took} ms of 1000`)
    await batch.ack()
  }),

  promised('a receive ends when its signal aborts, and takes nothing with it', [], async ({ broker }) => {
    await broker.receive({ max: 1, waitMs: 100 }, never)
    const stop = new AbortController()
    const waiting = broker.receive({ max: 1, waitMs: 60_000 }, stop.signal)
    stop.abort()

    assert.deepEqual((await within(5_000, waiting, 'an aborted receive')).messages, [])
    assert.deepEqual((await broker.receive({ max: 1, waitMs: 60_000 }, stop.signal)).messages, [])
    await put(broker, [message('evt_1')])
    assert.equal((await take(broker, 1, { ack: true }))[0]?.message.id, 'evt_1')
  }),
]

import assert from 'node:assert/strict'
import { type Broker, BrokerError } from '../../broker/broker.ts'
import { idsOf, message, messages, never, promised, put, rest, take, until, within } from './promise.ts'

/** Several holders, and what happens when one of them goes. */
export const sharing = [
  promised(
    'two receivers get everything between them, and nothing that was acknowledged twice',
    ['shared'],
    async (opened) => {
      const { broker: one, lentMs } = opened
      const other = await opened.another()
      // Both have joined when the first round is through.
      await put(one, messages('evt_first', 20))
      await between([one, other], 20)

      const sent = Array.from({ length: 200 }, (_, n) => message(`evt_${n}`, { key: `default:cus_${n % 40}` }))
      await put(other, sent)
      const came = await between([one, other], 200)

      assert.deepEqual([...came].sort(), idsOf(sent).sort())
      const late = await Promise.all([rest(one, lentMs * 2), rest(other, lentMs * 2)])
      assert.deepEqual(idsOf(late.flat()), [])
    },
  ),

  promised(
    "what one receiver does not acknowledge comes again after the loan's time, to it or to another",
    ['shared'],
    async (opened) => {
      const { broker: one } = opened
      await put(one, messages('evt', 3))
      await take(one, 3)
      const other = await opened.another()

      const again = await between([one, other], 3)
      assert.deepEqual(new Set(again), new Set(['evt_0', 'evt_1', 'evt_2']))
    },
  ),

  promised('what a holder had on loan when it closed comes to another', ['shared'], async (opened) => {
    const { broker: one } = opened
    await put(one, messages('evt', 4))
    await take(one, 4)
    const other = await opened.another()
    await one.close()

    const came = await take(other, 4, { ack: true })
    assert.deepEqual(new Set(idsOf(came.map(({ message }) => message))), new Set(idsOf(messages('evt', 4))))
  }),

  promised('what one acknowledged does not come to another who takes over', ['shared'], async (opened) => {
    const { broker: one, lentMs } = opened
    await put(one, messages('evt', 8))
    for (const { batch } of await take(one, 8)) await batch.ack()
    const other = await opened.another()
    await one.close()
    await put(other, [message('evt_later')])

    const came = await take(other, 1, { ack: true })
    assert.deepEqual([...new Set(idsOf(came.map(({ message }) => message)))], ['evt_later'])
    assert.deepEqual(idsOf(await rest(other, lentMs * 2)), [])
  }),

  promised('what was acknowledged does not come again after the service was killed', ['restart'], async (opened) => {
    const { broker, lentMs } = opened
    await put(broker, messages('evt', 6))
    for (const { batch } of await take(broker, 6)) await batch.ack()
    await opened.restart()

    await until(async () => (await broker.append([message('evt_later')]))[0] === null, 'it takes messages again')
    const came = await take(broker, 1, { ack: true })
    assert.deepEqual([...new Set(idsOf(came.map(({ message }) => message)))], ['evt_later'])
    assert.deepEqual(idsOf(await rest(broker, lentMs * 2)), [])
  }),

  promised('what was on loan when the service was killed comes again', ['restart'], async (opened) => {
    const { broker } = opened
    await put(broker, messages('evt', 3))
    await take(broker, 3)
    await opened.restart()

    const again = await take(broker, 3, { ack: true })
    assert.deepEqual(new Set(idsOf(again.map(({ message }) => message))), new Set(['evt_0', 'evt_1', 'evt_2']))
  }),

  promised(
    'to close ends what waits, twice is harmless, and after it nothing is taken or given',
    [],
    async ({ broker }) => {
      await broker.receive({ max: 1, waitMs: 100 }, never)
      const waiting = broker
        .receive({ max: 1, waitMs: 60_000 }, never)
        .then(({ messages }) => assert.deepEqual(messages, []), isClosed)
      await within(15_000, broker.close(), 'to close')
      await within(15_000, broker.close(), 'to close again')
      await within(5_000, waiting, 'a receive over a close')

      await broker
        .append([message('evt_late')])
        .then(() => assert.fail('it took a message after it was closed'), isClosed)
      await broker
        .receive({ max: 1, waitMs: 100 }, never)
        .then(() => assert.fail('it gave messages after it was closed'), isClosed)
    },
  ),
]

function isClosed(error: unknown): void {
  if (!(error instanceof BrokerError)) throw error
  assert.equal(error.kind, 'closed')
}

/** The ids that all of them receive, acknowledged at once, until `count` different ones have come. */
async function between(brokers: readonly Broker[], count: number): Promise<string[]> {
  const came: string[] = []
  const done = new AbortController()
  const receive = async (broker: Broker): Promise<void> => {
    while (!done.signal.aborted) {
      const batch = await broker.receive({ max: Math.min(10, broker.traits.batchMax), waitMs: 500 }, done.signal)
      await batch.ack()
      came.push(...idsOf(batch.messages))
    }
  }
  const receiving = Promise.all(brokers.map(receive))
  const failed = receiving.then(() => assert.fail('they stopped'))
  try {
    await Promise.race([until(async () => new Set(came).size >= count, `${count} messages come to either`), failed])
  } finally {
    done.abort()
    failed.catch(() => {})
    await receiving
  }
  return came
}

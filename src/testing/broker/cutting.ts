import assert from 'node:assert/strict'
import { BrokerError } from '../../broker/broker.ts'
import { append, idsOf, message, messages, never, promised, put, putWhenBack, take, within } from './promise.ts'

/** The way to the service is cut: everybody hears of it soon, and nothing that was taken is lost over it. */
export const cutting = [
  promised('over a cut each append is answered, never rejected, and what was taken comes', ['cut'], async (opened) => {
    const { broker } = opened
    await put(broker, messages('evt_before', 3))
    await opened.cut()
    const during = messages('evt_during', Math.min(3, broker.traits.batchMax))
    const answers = await within(ANSWER_MS, broker.append(during), 'an append over a cut')

    assert.equal(answers.length, during.length)
    for (const answer of answers) if (answer !== null) isUnreachable(answer)
    await opened.heal()
    await putWhenBack(broker, message('evt_after'))

    // An append whose answer was lost may have been kept: it may come. What was answered null has to.
    const wanted = ['evt_after', 'evt_before_0', 'evt_before_1', 'evt_before_2']
    wanted.push(...idsOf(during.filter((_, n) => answers[n] === null)))
    const came = new Set<string>()
    while (!wanted.every((id) => came.has(id))) {
      for (const { message } of await take(broker, 1, { ack: true })) came.add(message.id)
    }
  }),

  promised('over a cut a receive says so, and afterwards it works', ['cut'], async (opened) => {
    const { broker } = opened
    await put(broker, [message('evt_1')])
    await take(broker, 1, { ack: true })
    await opened.cut()
    const waiting = broker.receive({ max: 1, waitMs: 60_000 }, never)
    await within(
      ANSWER_MS,
      waiting.then(() => assert.fail('it came back as if nothing were wrong'), isUnreachable),
      'a receive over a cut',
    )

    await opened.heal()
    await putWhenBack(broker, message('evt_2'))
    const came = await take(broker, 1, { ack: true })
    assert.ok(came.some(({ message }) => message.id === 'evt_2'))
  }),

  promised(
    'what is answered as taken is kept by the service, not by this process',
    ['cut', 'shared'],
    async (opened) => {
      const { broker } = opened
      await put(broker, messages('evt_before', 3))
      await opened.cut()
      const during = messages('evt_during', Math.min(3, broker.traits.batchMax))
      const answers = await append(broker, during)
      await within(ANSWER_MS, broker.close(), 'to close over a cut')
      await opened.heal()

      const kept = ['evt_before_0', 'evt_before_1', 'evt_before_2']
      kept.push(...idsOf(during.filter((_, n) => answers[n] === null)))
      const other = await opened.another()
      const came = new Set<string>()
      while (!kept.every((id) => came.has(id))) {
        for (const { message } of await take(other, 1, { ack: true })) came.add(message.id)
      }
    },
  ),

  promised('what was on loan over a cut comes again', ['cut'], async (opened) => {
    const { broker } = opened
    await put(broker, messages('evt', 3))
    await take(broker, 3)
    await opened.cut()
    await opened.heal()

    const again = await take(broker, 3, { ack: true })
    assert.deepEqual(new Set(idsOf(again.map(({ message }) => message))), new Set(['evt_0', 'evt_1', 'evt_2']))
  }),
]

/** A broker that is gone is said to be gone while Stripe still waits for its answer. */
const ANSWER_MS = 20_000

function isUnreachable(error: unknown): void {
  assert.ok(error instanceof BrokerError, `it is no BrokerError: ${error}`)
  assert.equal(error.kind, 'unreachable')
}

import assert from 'node:assert/strict'
import { type Broker, BrokerError } from '../../broker/broker.ts'
import { append, idsOf, message, messages, promised, put, rest, take, textOf, until } from './promise.ts'

/** Appending: unchanged, and each message answered by itself. */
export const appending = [
  promised('id, key, attributes and bytes come back unchanged', [], async ({ broker }) => {
    const every = Uint8Array.from({ length: 1_024 }, (_, n) => n % 256)
    const plain = message('evt_plain', { body: Buffer.from('{"text":"Grüße \\u0000 ✓"}') })
    const binary = message('evt_binary', { body: every })
    const bare = message('evt_bare', { attributes: {} })
    const long = message(`evt_${'x'.repeat(251)}`, { key: `eu/acct_1/test:${'c'.repeat(285)}` })
    const sent = [plain, binary, bare, long]
    await put(broker, sent)

    const came = new Map((await take(broker, 4)).map(({ message }) => [message.id, message]))
    for (const one of sent) {
      const lent = came.get(one.id)
      assert.ok(lent, `${one.id.slice(0, 20)} has not come`)
      assert.equal(lent.key, one.key)
      assert.deepEqual({ ...lent.attributes }, one.attributes)
      assert.deepEqual(Buffer.from(lent.body), Buffer.from(one.body))
      assert.ok(Number.isInteger(lent.deliveries) && lent.deliveries >= 1)
    }
  }),

  promised('each append answers once per message, an empty one with nothing', [], async ({ broker }) => {
    assert.deepEqual(await broker.append([]), [])
    const count = Math.min(5, broker.traits.batchMax)
    const answers = await broker.append(messages('evt', count))

    assert.deepEqual(
      answers,
      answers.map(() => null),
    )
    assert.equal(answers.length, count)
  }),

  promised('batches that are appended at once all come', [], async ({ broker }) => {
    const batches = Array.from({ length: 20 }, (_, n) => messages(`evt_${n}`, Math.min(5, broker.traits.batchMax)))
    await Promise.all(batches.map((batch) => put(broker, batch)))

    const came = await take(broker, batches.flat().length, { ack: true })
    assert.deepEqual(new Set(came.map(({ message }) => message.id)), new Set(idsOf(batches.flat())))
  }),

  promised('a body of the largest size is taken and comes back whole', [], async ({ broker }) => {
    const body = Buffer.alloc(broker.traits.bodyBytesMax, 'x')
    await put(broker, [message('evt_small'), message('evt_large', { body })])

    const came = await take(broker, 2, { ack: true })
    const large = came.find(({ message }) => message.id === 'evt_large')
    assert.equal(large?.message.body.length, body.length)
    assert.ok(Buffer.from(large.message.body).equals(body))
  }),

  promised('one message that is too large fails alone, and the others of its batch are kept', [], async (opened) => {
    const { broker, lentMs } = opened
    const large = message('evt_large', { body: Buffer.alloc(broker.traits.bodyBytesMax + 1, 'x') })
    const answers = await append(broker, [message('evt_before'), large, message('evt_after')])

    assert.equal(answers.length, 3)
    assert.equal(answers[0], null)
    assert.ok(answers[1] instanceof BrokerError && answers[1].kind === 'too-large')
    assert.equal(answers[2], null)
    const came = await take(broker, 2, { ack: true })
    assert.deepEqual(idsOf(came.map(({ message }) => message)).sort(), ['evt_after', 'evt_before'])
    assert.deepEqual(idsOf(await rest(broker, lentMs)), [])
  }),

  promised('what was appended is there after the service was killed', ['restart'], async (opened) => {
    const sent = messages('evt', 20)
    await put(opened.broker, sent)
    await opened.restart()

    const came = await take(opened.broker, 20, { ack: true })
    assert.deepEqual(new Set(came.map(({ message }) => message.id)), new Set(idsOf(sent)))
  }),

  promised('a foreign message comes with its bytes, without id, key and attributes', ['raw'], async (opened) => {
    const body = Buffer.from('{"version":"0","detail":{"id":"evt_1"}}')
    await opened.raw(body)

    const [came] = await take(opened.broker, 1, { ack: true })
    assert.equal(came?.message.id, '')
    assert.equal(came.message.key, '')
    assert.deepEqual({ ...came.message.attributes }, {})
    assert.equal(textOf(came.message.body), textOf(body))
    assert.deepEqual(await rest(opened.broker, opened.lentMs * 2), [])
  }),

  promised('the backlog counts what is not acknowledged, lent or not, and falls to nothing', [], async ({ broker }) => {
    await put(broker, messages('evt', 5))
    await backlogIs(broker, 5)
    const taken = await take(broker, 5)
    await backlogIs(broker, 5)
    for (const { batch } of taken) await batch.ack()
    await backlogIs(broker, 0)
  }),

  promised('nothing is wrong with a service that is set as it should be', [], async (opened) => {
    const found = await opened.broker.check()
    assert.deepEqual(
      found.filter((finding) => !opened.expected?.(finding)),
      [],
    )
  }),
]

async function backlogIs(broker: Broker, waiting: number): Promise<void> {
  await until(async () => (await broker.backlog()).waiting === waiting, `the backlog is ${waiting}`)
}

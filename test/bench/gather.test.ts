import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCounter } from '../../bench/api.ts'
import { Gather } from '../../bench/subjects/raw/gather.ts'

const body = (text: string) => Buffer.from(text)

test('what comes together is appended together, within the limits that the product has', async () => {
  const batches: number[] = []
  const answers: (() => void)[] = []
  const append = (bodies: readonly Buffer[]) => {
    batches.push(bodies.length)
    return new Promise<null[]>((resolve) => answers.push(() => resolve(bodies.map(() => null))))
  }
  const gather = new Gather({ append, batchMax: 10, appendsMax: 4 })
  let kept = 0

  for (let n = 0; n < 60; n++) gather.add(body(`${n}`), () => kept++)
  await rounds(10)

  assert.deepEqual(batches, [10, 10, 10, 10])
  assert.equal(kept, 0)

  for (let n = 0; n < answers.length; n++) {
    answers[n]?.()
    await rounds(2)
  }
  assert.equal(kept, 60)
})

test('each hears what became of its own, and all of it when the service is away', async () => {
  const refused = new Error('not taken')
  const heard: (Error | null)[] = []
  const some = new Gather({
    batchMax: 10,
    appendsMax: 4,
    append: async (bodies) => bodies.map((one) => (`${one}` === '1' ? refused : null)),
  })
  const none = new Gather({ batchMax: 10, appendsMax: 4, append: () => Promise.reject(refused) })

  for (const text of ['0', '1']) some.add(body(text), (error) => heard.push(error))
  await rounds(3)
  none.add(body('2'), (error) => heard.push(error))
  await rounds(3)

  assert.deepEqual(heard, [null, refused, refused])
})

test('a counter is the sum of its lines that have the label', () => {
  const text = [
    'a_total{type="x",outcome="done"} 3',
    'a_total{type="y",outcome="done"} 4',
    'a_total{outcome="dead"} 9',
    'ab_total{outcome="done"} 1',
  ].join('\n')
  assert.equal(readCounter(text, { name: 'a_total', label: 'outcome="done"' }), 7)
  assert.equal(readCounter(text, { name: 'a_total', label: '' }), 16)
})

async function rounds(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

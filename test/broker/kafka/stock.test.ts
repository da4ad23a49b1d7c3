import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Held, Share } from '../../../src/broker/kafka/share.ts'
import { type Loan, Stock } from '../../../src/broker/kafka/stock.ts'
import { VirtualClock } from '../../../src/core/clock.ts'
import { seed } from '../../size.ts'

const LENT_MS = 1_000

test('what is committed is never beyond a message that is not done, in whatever order they are done', () => {
  const orders = fc.uniqueArray(fc.nat(29), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(orders, (order) => {
      const { share, stock } = stocked(30)
      const loans = stock.lend(30)
      const done = new Set<number>()
      for (const n of order) {
        stock.done(loans[n] as Loan)
        done.add(n)
        const lowest = loans.findIndex((_, at) => !done.has(at))
        assert.equal(share.mark, BigInt(lowest < 0 ? 30 : lowest))
      }
    }),
    { seed },
  )
})

test('what nobody acknowledged comes first, in its order, and what was refused last', async () => {
  const { stock, clock } = stocked(6)
  const loans = stock.lend(4)
  stock.refuse(loans[1] as Loan)
  await clock.advance(LENT_MS)

  const again = stock.lend(10)

  assert.deepEqual(offsets(again), [0, 2, 3, 4, 5, 1])
  assert.deepEqual(
    again.map(({ number }) => number),
    [2, 2, 2, 1, 1, 2],
  )
})

test('an acknowledgement that is late is taken, and one of a refusal that is late is not', async () => {
  const { stock, clock, share } = stocked(2)
  const [first, second] = stock.lend(2)
  await clock.advance(LENT_MS)
  stock.done(first as Loan)
  const again = stock.lend(2)
  stock.refuse(second as Loan)

  assert.deepEqual(offsets(again), [1])
  await clock.advance(LENT_MS / 2)
  assert.deepEqual(offsets(stock.lend(2)), [])
  assert.equal(share.mark, 1n)
})

test('a partition that is lost takes its messages along, and nothing that is said of them later matters', async () => {
  const { stock, clock, share } = stocked(3)
  const [first, second] = stock.lend(2)
  stock.refuse(second as Loan)

  stock.lose(share)
  stock.lose(share)
  stock.done(first as Loan)
  await clock.advance(LENT_MS * 2)

  assert.deepEqual(stock.lend(3), [])
  assert.equal(stock.full, false)
})

test('somebody who waits hears of what comes back', async () => {
  let told = 0
  const { stock, clock } = stocked(1, () => told++)
  stock.lend(1)
  const before = told

  await clock.advance(LENT_MS)

  assert.equal(told, before + 1)
  assert.deepEqual(offsets(stock.lend(1)), [0])
})

function stocked(count: number, changed: () => void = () => {}) {
  const clock = new VirtualClock()
  const stock = new Stock(clock, { lentMs: LENT_MS, changed })
  const share = new Share(0, 0n)
  share.next = BigInt(count)
  stock.add(Array.from({ length: count }, (_, n) => heldOf(share, n)))
  return { clock, stock, share }
}

const heldOf = (share: Share, n: number): Held => ({
  share,
  offset: BigInt(n),
  message: { id: `evt_${n}`, key: 'cus_1', body: Buffer.from('{}'), attributes: {} },
  at: 0,
  lends: 0,
  state: 'ready',
})

const offsets = (loans: readonly Loan[]): number[] => loans.map(({ held }) => Number(held.offset))

import assert from 'node:assert/strict'
import { test } from 'node:test'
import Stripe from 'stripe'
import { burst } from '../../src/simulator/burst.ts'
import { DAY } from '../../src/simulator/calendar.ts'
import { API_VERSION, type SimulatedEvent } from '../../src/simulator/event.ts'
import { createMerchant } from '../../src/simulator/merchant.ts'
import { sumOf, truthOf } from '../../src/simulator/truth.ts'
import { type Fields, objectOf } from './reading.ts'

const startAt = Date.UTC(2026, 10, 24, 9, 30)
const lively = {
  customers: 40,
  growthPerDay: 2,
  failureShare: 0.3,
  changeShare: 0.2,
  cancelShare: 0.1,
  refundShare: 0.2,
}
const merchant = (seed: number) => createMerchant({ seed, startAt, business: { ...lively, connectedAccounts: 1 } })
const events = merchant(8124).advance(startAt + 130 * DAY)

test('the same seed gives the same bytes, however time is cut', () => {
  const whole = merchant(77).advance(startAt + 60 * DAY)
  const again = merchant(77)
  const pieces: SimulatedEvent[] = []
  for (let hour = 0; hour <= 60 * 24; hour += 7) pieces.push(...again.advance(startAt + hour * 3_600_000))
  pieces.push(...again.advance(startAt + 60 * DAY))

  assert.ok(whole.length > 500)
  assert.deepEqual(
    pieces.map(({ body }) => body.toString('latin1')),
    whole.map(({ body }) => body.toString('latin1')),
  )
})

test('another seed gives other ids', () => {
  const other = new Set(
    merchant(78)
      .advance(startAt + 20 * DAY)
      .map(({ id }) => id),
  )

  assert.ok(
    merchant(79)
      .advance(startAt + 20 * DAY)
      .every(({ id }) => !other.has(id)),
  )
})

test('no two events share an id, and they come in the order in which they happened', () => {
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
  for (let n = 1; n < events.length; n++) assert.ok(events[n]!.at >= events[n - 1]!.at)
})

test('each body is the event, in the API version that the stripe package pins', () => {
  assert.equal(API_VERSION, Stripe.API_VERSION)
  for (const event of events) {
    const read: Fields = JSON.parse(event.body.toString('utf8'))
    assert.deepEqual(event.json, read)
    assert.deepEqual(
      [read['id'], read['type'], read['created'], read['object']],
      [event.id, event.type, event.created, 'event'],
    )
    assert.equal(read['api_version'], API_VERSION)
    assert.equal(read['data'].object.id ?? null, event.object)
  }
})

test('amounts are whole: no fraction, no minus zero', () => {
  for (const { body, id } of events.slice(0, 3_000)) {
    assert.doesNotMatch(body.toString('utf8'), /: -?\d+\.\d|: -0[,\n]/, id)
  }
})

test('bodies hold text beyond ASCII, in raw UTF-8', () => {
  const named = events.find(({ body }) => body.toString('utf8').includes('ö'))

  assert.ok(named)
  assert.ok(named.body.includes(Buffer.from('ö', 'utf8')))
})

test('all people are plainly invented: addresses at example.com only', () => {
  const text = events.map(({ body }) => body.toString('utf8')).join()

  for (const [address] of text.matchAll(/[\w.]+@[\w.-]+/g)) assert.match(address, /@example\.com$/)
  for (const [, host] of text.matchAll(/https?:\/\/([\w.-]+)/g)) assert.match(host!, /example\.com$/)
})

test('what is paid is what was charged: the sums of invoices and charges agree in each currency', () => {
  const business = { ...lively, preordersPerDay: 0 }
  const billed = createMerchant({ seed: 8125, startAt, business }).advance(startAt + 100 * DAY)
  const truths = billed.map(truthOf)
  const paid = sumOf(truths, 'invoice.paid')

  assert.deepEqual(paid, sumOf(truths, 'charge.succeeded'))
  assert.deepEqual(paid, sumOf(truths, 'payment_intent.succeeded'))
  assert.deepEqual(paid, sumOf(truths, 'invoice_payment.paid'))
  assert.ok((paid['usd'] ?? 0) > 0 && (paid['eur'] ?? 0) > 0 && (paid['jpy'] ?? 0) > 0)
})

test('each invoice adds up: its lines are its total, and with the balance before and after that is what is due', () => {
  for (const event of events) {
    if (event.type !== 'invoice.paid') continue
    const invoice = objectOf(event)
    const lines = sum(invoice['lines'].data)
    const off = sum(invoice['lines'].data.flatMap((line: Fields) => line['discount_amounts']))
    assert.equal(invoice['subtotal'], lines)
    assert.equal(sum(invoice['total_discount_amounts']), off)
    assert.equal(invoice['total'], lines - off)
    const left = invoice['amount_due'] + invoice['pre_payment_credit_notes_amount']
    assert.equal(invoice['total'] + invoice['starting_balance'], left + invoice['ending_balance'])
    assert.equal(invoice['amount_paid'], invoice['amount_due'])
    assert.equal(invoice['amount_remaining'], 0)
  }
})

const sum = (amounts: readonly Fields[]): number => amounts.reduce((total, { amount }) => total + amount, 0)

test('nothing more is given back than was taken, and each charge knows how much', () => {
  const back = new Map<string, number>()
  for (const event of events) {
    const { type } = event
    const object = objectOf(event)
    if (type === 'refund.created') back.set(object['charge'], (back.get(object['charge']) ?? 0) + object['amount'])
    if (type !== 'charge.refunded') continue
    const given = back.get(object['id']) ?? 0
    assert.equal(given, object['amount_refunded'])
    assert.ok(object['amount_refunded'] <= object['amount'])
    assert.equal(object['refunded'], object['amount_refunded'] === object['amount'])
  }
  assert.ok(back.size > 3)
})

test('a burst renews every subscription in one second, and all have paid within the next hour and a half', () => {
  const at = Date.UTC(2026, 11, 1)
  const batch = burst({ count: 50, seed: 3, at })

  const begun = batch.filter(({ type }) => type === 'invoice.created')
  const paid = batch.filter(({ type }) => type === 'invoice.paid')
  assert.equal(begun.length, 50)
  assert.ok(begun.every((event) => event.at === at))
  assert.equal(new Set(paid.map(({ customer }) => customer)).size, 50)
  assert.equal(new Set(batch.map(({ type }) => type)).has('invoice.payment_failed'), false)
})

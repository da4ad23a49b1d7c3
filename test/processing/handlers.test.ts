import assert from 'node:assert/strict'
import { test } from 'node:test'
import type Stripe from 'stripe'
import { forward } from '../../src/processing/forward.ts'
import { createHandlers, type EventOf } from '../../src/processing/handlers.ts'

const none = () => {}

test('a handler is found by type, family and star, in the order of registration', () => {
  const handlers = createHandlers()
  handlers.on('*', none)
  handlers.on(['charge.failed', 'invoice.paid'], { name: 'two' }, none)
  handlers.on('invoice.*', none)
  handlers.on('invoice.payment.*', none)

  const names = (type: string) => handlers.matching(type).map(({ name }) => name)

  assert.deepEqual(names('invoice.paid'), ['*', 'two', 'invoice.*'])
  assert.deepEqual(names('invoice.payment.paid'), ['*', 'invoice.*', 'invoice.payment.*'])
  assert.deepEqual(names('something.new'), ['*'])
  handlers.on('something.new', none)
  assert.deepEqual(names('something.new'), ['*', 'something.new'])
})

test('a list that covers itself counts once', () => {
  const handlers = createHandlers()
  handlers.on(['invoice.paid', 'invoice.*', 'invoice.*', 'charge.failed'], none)

  assert.deepEqual(handlers.all[0]?.patterns, ['invoice.*', 'charge.failed'])
  assert.equal(handlers.all[0]?.name, 'invoice.*,charge.failed')
})

test('two handlers of one name are refused', () => {
  const handlers = createHandlers()
  handlers.on('invoice.paid', none)

  assert.throws(() => handlers.on('invoice.paid', none), { code: 'handler_twice' })
  handlers.on('invoice.paid', { name: 'other' }, none)
})

test('bad arguments are refused with what is wrong', () => {
  const on = createHandlers().on as (...all: unknown[]) => void
  const bad: [unknown[], RegExp][] = [
    [['invoice.paid'], /no function/],
    [['invoice.paid', {}], /no function/],
    [[[], none], /empty/],
    [['Invoice Paid', none], /"Invoice Paid"/],
    [['invoice.*.paid', none], /neither/],
    [[7, none], /neither/],
    [['a', null, none], /no object/],
    [['a', { timeout: 5 }, none], /no option timeout/],
    [['a', { timeoutMs: 0 }, none], /timeoutMs cannot be 0/],
    [['a', { concurrency: 1.5 }, none], /concurrency/],
    [['a', { order: 'fifo' }, none], /order/],
    [['a', { retry: { tries: 5 } }, none], /retry/],
    [['a', { retry: { attempts: 0 } }, none], /retry/],
  ]

  for (const [given, message] of bad) assert.throws(() => on(...given), { code: 'handler_invalid', message })
})

test('a lease hears of every pattern, its time-out and the room that is left', () => {
  const handlers = createHandlers({ timeoutMs: 4_000 })
  handlers.on(['invoice.paid', 'charge.failed'], { name: 'n', concurrency: 3, order: 'strict' }, none)
  handlers.on('*', { timeoutMs: 9 }, none)

  handlers.take(handlers.matching('invoice.paid'))
  const n = { name: 'n', leaseMs: 4_000, room: 2, strict: true }
  const star = { pattern: '*', name: '*', leaseMs: 9, room: 10, strict: false }
  assert.deepEqual(handlers.handles(10), [{ pattern: 'invoice.paid', ...n }, { pattern: 'charge.failed', ...n }, star])

  handlers.free(handlers.matching('invoice.paid'))
  assert.equal(handlers.handles(10)[0]?.room, 3)
})

test('events are typed by their pattern', () => {
  const handlers = createHandlers()
  handlers.on('invoice.paid', (event) => void (event.data.object satisfies Stripe.Invoice))
  handlers.on(['charge.failed', 'invoice.voided'], (event) => {
    if (event.type === 'charge.failed') event.data.object satisfies Stripe.Charge
    else event.data.object satisfies Stripe.Invoice
  })
  handlers.on('charge.dispute.*', (event) => void (event.data.object satisfies Stripe.Dispute))
  handlers.on('made.up', (event) => void (event satisfies Stripe.Event))
  handlers.on('*', (event) => void (event satisfies Stripe.Event))
  // @ts-expect-error an invoice is no charge
  handlers.on('invoice.sent', (event) => void (event.data.object satisfies Stripe.Charge))

  const type: EventOf<'customer.created'>['type'] = 'customer.created'
  assert.equal(type, 'customer.created')
})

test('replaced handlers keep their connections until what runs on them has ended', async () => {
  const closed: string[] = []
  const forwarding = (host: string) => {
    const handler = forward(`http://${host}/`, { secret: 'whsec_1' })
    return Object.assign(handler, { close: async () => void closed.push(host) })
  }
  const [handlers, next] = [createHandlers(), createHandlers()]
  handlers.on('*', { name: 'idle' }, forwarding('idle.test'))
  handlers.on('*', { name: 'busy' }, forwarding('busy.test'))
  next.on('invoice.paid', forwarding('next.test'))
  const busy = handlers.all.slice(1)
  handlers.take(busy)

  handlers.replace(next.all)
  assert.deepEqual(closed, ['idle.test'])
  assert.deepEqual(
    handlers.matching('invoice.paid').map(({ patterns }) => patterns),
    [['invoice.paid']],
  )

  handlers.free(busy)
  assert.deepEqual(closed, ['idle.test', 'busy.test'])
  await handlers.close()
  assert.deepEqual(closed, ['idle.test', 'busy.test', 'next.test'])
})

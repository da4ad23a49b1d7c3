import { pick } from '../../core/random.ts'
import { DAY, HOUR, monthsAfter, seconds } from '../calendar.ts'
import { type Customer, customer } from '../objects/customer.ts'
import { draftInvoice, type Invoice } from '../objects/invoice.ts'
import { type InvoiceItem, invoiceItem } from '../objects/invoice-item.ts'
import { chargedFor, prorated } from '../objects/line.ts'
import { paymentMethod } from '../objects/payment-method.ts'
import type { Price } from '../objects/price.ts'
import { type Quote, quote } from '../objects/quote.ts'
import { subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, contractOf, subscriptionOf } from './contract.ts'
import { finalise } from './payment.ts'
import { billing, monthsOf } from './renewal.ts'
import { send } from './sent-invoice.ts'

const DAYS_UNTIL_DUE = 14

/** A company asks for a quote, thinks for some days, and is sent invoices from then on. Returns null when it says no. */
export function* quoted(world: World, shop: Shop): Lifecycle<Contract | null> {
  world.byRequest()
  const price = pick(world.random, shop.prices)
  const buyer = world.add({ ...customer(world), currency: price.currency }, 'customer.created')
  const offer = world.add(quote(world, buyer, price, DAYS_UNTIL_DUE), 'quote.created')
  yield world.now() + HOUR
  world.byRequest()
  const opened = { ...offer.status_transitions, finalized_at: world.created() }
  const number = `QT-${buyer.invoice_prefix}-0001-1`
  world.change<Quote>(offer.id, { number, status: 'open', status_transitions: opened }, 'quote.finalized')

  yield world.now() + Math.floor((1 + world.random() * 5) * DAY)
  world.byRequest()
  if (chance(world.random, 0.3)) {
    const canceled = { ...opened, canceled_at: world.created() }
    world.change<Quote>(offer.id, { status: 'canceled', status_transitions: canceled }, 'quote.canceled')
    world.retire(buyer.id)
    return null
  }
  const { contract, draft } = sign(world, world.get(buyer.id), price)
  const accepted = { ...opened, accepted_at: world.created() }
  const signed = { status: 'accepted' as const, status_transitions: accepted, subscription: contract.subscription }
  world.change<Quote>(offer.id, signed, 'quote.accepted')
  if (chance(world.random, 0.3)) mistake(world, contract)
  world.add(draft, 'invoice.created')
  finalise(world, draft.id)
  yield* send(world, shop, contract, draft.id)
  return contract
}

interface Signed {
  readonly contract: Contract
  readonly draft: Invoice
}

function sign(world: World, buyer: Customer, price: Price): Signed {
  const card = world.add(paymentMethod(world, buyer), 'payment_method.attached')
  const period = { start: world.created(), end: seconds(monthsAfter(world.now(), monthsOf(price))) }
  const unsigned = subscription(world, {
    id: world.id('sub'),
    customer: buyer,
    paymentMethod: null,
    price,
    status: 'active',
    periodStart: period.start,
    periodEnd: period.end,
    latestInvoice: '',
    flexible: true,
    daysUntilDue: DAYS_UNTIL_DUE,
  })
  const draft = draftInvoice(world, {
    customer: buyer,
    subscription: unsigned,
    subscriptionItem: unsigned.items.data[0].id,
    reason: 'subscription_create',
    charged: [chargedFor(price, period)],
    period: { start: period.start, end: period.start },
  })
  world.add({ ...unsigned, latest_invoice: draft.id }, 'customer.subscription.created')
  return { contract: contractOf({ customer: buyer.id, paymentMethod: card.id, subscription: unsigned.id }), draft }
}

/** Somebody in the office bills the wrong customer, and takes it back before it leaves the house. */
function mistake(world: World, contract: Contract): void {
  const on = subscriptionOf(world, contract)
  const { price } = on.items.data[0]
  const wrong = { subscription: on, price, amount: price.unit_amount, description: 'Set-up' }
  const item = world.add<InvoiceItem>({ ...invoiceItem(world, wrong), proration: false }, 'invoiceitem.created')
  const charged = [prorated(item, price)]
  const period = { start: world.created(), end: world.created() }
  const invoice = draftInvoice(world, { ...billing(world, contract), reason: 'manual', charged, period })
  const draft = world.add(invoice, 'invoice.created')
  world.remove(item.id, 'invoiceitem.deleted')
  world.remove(draft.id, 'invoice.deleted')
}

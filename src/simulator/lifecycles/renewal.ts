import { DAY, HOUR, MINUTE, monthsAfter, seconds } from '../calendar.ts'
import type { Customer } from '../objects/customer.ts'
import { type Billing, draftInvoice, type Invoice, upcomingInvoice } from '../objects/invoice.ts'
import type { InvoiceItem } from '../objects/invoice-item.ts'
import { chargedFor, prorated, termOf } from '../objects/line.ts'
import { type Price, planOf } from '../objects/price.ts'
import { itemsWith, type Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, periodOf, subscriptionOf } from './contract.ts'
import { endDowngrade } from './downgrade.ts'
import { collect } from './dunning.ts'
import { finalise } from './payment.ts'
import { endRebate, rebateOf } from './rebate.ts'
import { send } from './sent-invoice.ts'

const ANNOUNCED_MS = 7 * DAY

/** A new billing period begins, paid or not; its invoice is a draft for an hour, then it is collected. Returns whether the subscription goes on. */
export function* renew(world: World, shop: Shop, contract: Contract): Lifecycle<boolean> {
  const invoice = beginPeriod(world, contract)
  yield* finaliseLater(world, shop, contract, invoice)
  if (subscriptionOf(world, contract).collection_method === 'send_invoice')
    return yield* send(world, shop, contract, invoice)
  return yield* collect(world, shop, contract, invoice)
}

function* finaliseLater(world: World, shop: Shop, contract: Contract, invoice: string): Lifecycle {
  yield world.now() + HOUR + Math.floor(world.random() * 5 * MINUTE)
  if (chance(world.random, shop.business.placelessShare)) yield* mendAddress(world, invoice)
  finalise(world, invoice)
  endRebate(world, contract)
}

/** Tax cannot be computed for an address that lacks; somebody mends it within hours. */
function* mendAddress(world: World, invoice: string): Lifecycle {
  const code = 'customer_tax_location_invalid' as const
  const message = 'We could not determine the location of the customer.'
  const failed = { last_finalization_error: { code, message, type: 'invalid_request_error' as const } }
  world.change<Invoice>(invoice, failed, 'invoice.finalization_failed', 'invoice.updated')
  yield world.now() + 3 * HOUR
  world.byRequest()
  world.change<Invoice>(invoice, { last_finalization_error: null }, 'invoice.updated')
}

/** The next period begins, with the plan that was wished for it. The draft of its invoice is returned. */
export function beginPeriod(world: World, contract: Contract): string {
  const before = subscriptionOf(world, contract)
  const [item] = before.items.data
  const price = contract.downgrade?.price ?? item.price
  const items = itemsWith(before, {
    price,
    periodStart: item.current_period_end,
    periodEnd: seconds(periodEndAfter(before, item.current_period_end * 1000)),
  })
  const lastPeriod = { start: item.current_period_start, end: item.current_period_end }
  const draft = draftInvoice(world, {
    ...billing(world, contract),
    reason: 'subscription_cycle',
    charged: [...waiting(contract), termOf({ ...before, items })],
    period: lastPeriod,
  })
  const status = before.status === 'unpaid' ? ('unpaid' as const) : ('active' as const)
  const moved = { items, latest_invoice: draft.id, plan: planOf(price), status }
  world.change<Subscription>(contract.subscription, moved, 'customer.subscription.updated')
  world.add(draft, 'invoice.created')
  for (const { item: waited } of contract.pending) world.change<InvoiceItem>(waited.id, { invoice: draft.id })
  contract.pending = []
  contract.charge = null
  if (contract.downgrade) endDowngrade(world, contract, contract.downgrade.schedule)
  return draft.id
}

/** Tells of the coming invoice, a week ahead: an invoice without an id. */
export function* announceRenewal(world: World, contract: Contract): Lifecycle {
  const { endAt } = periodOf(world, contract)
  if (world.now() > endAt - ANNOUNCED_MS) return
  yield endAt - ANNOUNCED_MS
  const subscription = subscriptionOf(world, contract)
  if (contract.downgrade) world.change(contract.downgrade.schedule, {}, 'subscription_schedule.expiring')
  if (subscription.collection_method === 'send_invoice') return
  const [item] = subscription.items.data
  const next = { start: item.current_period_end, end: seconds(periodEndAfter(subscription, endAt)) }
  const coming = upcomingInvoice(world, {
    ...billing(world, contract),
    reason: 'upcoming',
    charged: [...waiting(contract), chargedFor(contract.downgrade?.price ?? item.price, next)],
    period: { start: item.current_period_start, end: item.current_period_end },
  })
  world.add(coming, 'invoice.upcoming')
}

/** When the period ends that begins at `startAt`. Counted in months from the anchor, so that the 31st comes back after February. */
export function periodEndAfter(subscription: Subscription, startAt: number): number {
  const anchorAt = subscription.billing_cycle_anchor * 1000
  const months = monthsBetween(anchorAt, startAt) + monthsOf(subscription.items.data[0].price)
  return monthsAfter(anchorAt, months)
}

export const monthsOf = (price: Price): number => (price.recurring.interval === 'year' ? 12 : 1)

/** What every invoice of this subscription says. */
export function billing(
  world: World,
  contract: Contract,
): Pick<Billing, 'customer' | 'subscription' | 'subscriptionItem' | 'rebate'> {
  const subscription = subscriptionOf(world, contract)
  const customer = world.get<Customer>(contract.customer)
  return {
    customer,
    subscription,
    subscriptionItem: subscription.items.data[0].id,
    rebate: rebateOf(world, subscription),
  }
}

const waiting = ({ pending }: Contract) => pending.map(({ item, price }) => prorated(item, price))

function monthsBetween(fromAt: number, toAt: number): number {
  const from = new Date(fromAt)
  const to = new Date(toAt)
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth()
}

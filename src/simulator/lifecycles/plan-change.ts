import { pick } from '../../core/random.ts'
import { HOUR, monthsAfter, seconds } from '../calendar.ts'
import { draftInvoice } from '../objects/invoice.ts'
import { type InvoiceItem, invoiceItem } from '../objects/invoice-item.ts'
import { type Charged, chargedFor, prorated } from '../objects/line.ts'
import { type Price, planOf } from '../objects/price.ts'
import { itemsWith, type Subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, subscriptionOf } from './contract.ts'
import { beginPayment, book, finalise, settle, succeed } from './payment.ts'
import { billing, monthsOf } from './renewal.ts'

// Stripe lets a pending update go after 23 hours.
const CONFIRM_MS = 23 * HOUR

/** The customer moves to another plan, up or down. A customer's currency never changes, so some have nowhere to go. */
export function* changePlan(world: World, shop: Shop, contract: Contract): Lifecycle {
  const { price } = subscriptionOf(world, contract).items.data[0]
  const others = shop.prices.filter((other) => other.currency === price.currency && other.id !== price.id)
  if (others.length === 0) return
  const wanted = pick(world.random, others)
  world.byRequest()
  if (wanted.recurring.interval === price.recurring.interval) return prorateLater(world, contract, wanted)
  yield* changeInterval(world, shop, contract, wanted)
}

/** Same interval: what is given back and what is due wait for the next invoice. */
function prorateLater(world: World, contract: Contract, wanted: Price): void {
  const before = subscriptionOf(world, contract)
  const { price } = before.items.data[0]
  const unused = unusedTime(world, before)
  const added = world.add(
    invoiceItem(world, {
      subscription: before,
      price: wanted,
      amount: Math.round(wanted.unit_amount * unusedShare(world, before)),
      description: `Remaining time on ${wanted.nickname}`,
    }),
    'invoiceitem.created',
  )
  contract.pending.push({ item: unused, price }, { item: added, price: wanted })
  const changed = { items: itemsWith(before, { price: wanted }), plan: planOf(wanted) }
  world.change<Subscription>(contract.subscription, changed, 'customer.subscription.updated')
}

/** Another interval: a new period begins now, and an invoice for it is paid at once, less what is left of the old one. */
function* changeInterval(world: World, shop: Shop, contract: Contract, wanted: Price): Lifecycle {
  const pending = chance(world.random, shop.business.challengeShare)
  if (pending && !(yield* confirm(world, contract, wanted))) return
  const before = subscriptionOf(world, contract)
  const period = { start: world.created(), end: seconds(monthsAfter(world.now(), monthsOf(wanted))) }
  const credit: Charged = prorated(unusedTime(world, before), before.items.data[0].price)
  const waiting = contract.pending.map(({ item, price }) => prorated(item, price))
  contract.pending = []
  const draft = draftInvoice(world, {
    ...billing(world, contract),
    reason: 'subscription_update',
    charged: [...waiting, credit, chargedFor(wanted, period)],
    period: { start: before.items.data[0].current_period_start, end: period.start },
  })
  world.add(draft, 'invoice.created')
  for (const { item } of [credit, ...waiting]) {
    if (item) world.change<InvoiceItem>(item.id, { invoice: draft.id })
  }
  const due = finalise(world, draft.id).amount_due
  if (due > 0) contract.charge = succeed(world, contract, beginPayment(world, contract, draft.id))
  else settle(world, draft.id)

  const changed = {
    billing_cycle_anchor: period.start,
    items: itemsWith(before, { price: wanted, periodStart: period.start, periodEnd: period.end }),
    latest_invoice: draft.id,
    pending_update: null,
    plan: planOf(wanted),
  }
  const told = pending ? ['customer.subscription.pending_update_applied'] : []
  world.change<Subscription>(contract.subscription, changed, 'customer.subscription.updated', ...told)
  if (due > 0 && contract.charge) yield* book(world, shop, contract.charge)
}

/** The change waits until the customer has confirmed the payment at the bank. Returns whether they did. */
function* confirm(world: World, contract: Contract, wanted: Price): Lifecycle<boolean> {
  const { data } = itemsWith(subscriptionOf(world, contract), { price: wanted })
  const pending_update = {
    billing_cycle_anchor: null,
    cancel_at_period_end: null,
    discount: null,
    discounts: null,
    expires_at: seconds(world.now() + CONFIRM_MS),
    metadata: null,
    subscription_items: data,
    trial_end: null,
    trial_from_plan: null,
  }
  world.change<Subscription>(contract.subscription, { pending_update }, 'customer.subscription.updated')
  const confirmed = chance(world.random, 0.5)
  yield world.now() + (confirmed ? HOUR : CONFIRM_MS)
  if (confirmed) {
    world.byRequest()
    return true
  }
  const told = ['customer.subscription.updated', 'customer.subscription.pending_update_expired']
  world.change<Subscription>(contract.subscription, { pending_update: null }, ...told)
  return false
}

function unusedTime(world: World, before: Subscription): InvoiceItem {
  const { price } = before.items.data[0]
  const credit = invoiceItem(world, {
    subscription: before,
    price,
    // Rounded before the sign is set: -0 is no amount.
    amount: 0 - Math.round(price.unit_amount * unusedShare(world, before)),
    description: `Unused time on ${price.nickname}`,
  })
  return world.add(credit, 'invoiceitem.created')
}

function unusedShare(world: World, { items }: Subscription): number {
  const [{ current_period_start: start, current_period_end: end }] = items.data
  return (end - world.created()) / (end - start)
}

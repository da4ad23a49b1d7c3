import { pick } from '../../core/random.ts'
import { DAY, monthsAfter, seconds } from '../calendar.ts'
import { completedSession, expiredSession, type Purchase } from '../objects/checkout-session.ts'
import { type Customer, customer } from '../objects/customer.ts'
import { draftInvoice, type Invoice } from '../objects/invoice.ts'
import { type Charged, chargedFor } from '../objects/line.ts'
import { directDebit, paymentMethod } from '../objects/payment-method.ts'
import type { Price } from '../objects/price.ts'
import { type SetupIntent, setupIntent } from '../objects/setup-intent.ts'
import { type Subscription, subscription } from '../objects/subscription.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { type Contract, contractOf } from './contract.ts'
import { debit } from './debit.ts'
import { beginPayment, book, finalise, settle, succeed } from './payment.ts'
import { monthsOf } from './renewal.ts'

const TRIAL_MS = 14 * DAY

/** A new customer subscribes through Checkout: pays at once or by direct debit, or tries for two weeks. Returns null when nothing came of it. */
export function* checkout(world: World, shop: Shop): Lifecycle<Contract | null> {
  world.byRequest()
  const { trialShare, cardlessShare, debitShare } = shop.business
  const price = pick(world.random, shop.prices)
  const trial = chance(world.random, trialShare)
  const method =
    trial && chance(world.random, cardlessShare)
      ? 'none'
      : debits(price, trial) && chance(world.random, debitShare)
        ? 'debit'
        : 'card'
  const { contract, terms, draft } = order(world, { price, trial, method })
  const bought = { customer: world.get<Customer>(contract.customer), price, trial }
  const complete = (paid: Purchase['paid']) => {
    const session = completedSession(world, { ...bought, paid, subscription: contract.subscription, invoice: draft.id })
    return world.add(session, 'checkout.session.completed').id
  }
  if (method === 'debit') return yield* debit(world, shop, { contract, terms, draft }, () => complete('unpaid'))
  if (trial) startTrial(world, contract, terms, draft)
  else buy(world, shop, contract, terms, draft)
  complete(trial ? 'no_payment_required' : 'paid')
  if (contract.charge) yield* book(world, shop, contract.charge)
  return contract
}

const debits = ({ currency }: Price, trial: boolean): boolean => currency === 'eur' && !trial

/** Looked, put in their address, and never came back: the session is over after a day, and the merchant knows nobody. */
export function* abandonedCheckout(world: World, shop: Shop): Lifecycle {
  const price = pick(world.random, shop.prices)
  yield world.now() + DAY
  world.add(expiredSession(world, price, customer(world)), 'checkout.session.expired')
}

export interface Order {
  readonly contract: Contract
  readonly terms: Subscription
  readonly draft: Invoice
}

interface Wish {
  readonly price: Price
  readonly trial: boolean
  readonly method: 'card' | 'debit' | 'none'
}

/** What is agreed before any money moves: who, with which card, for what. The subscription itself comes later. */
function order(world: World, { price, trial, method }: Wish): Order {
  const buyer = world.add(customer(world), 'customer.created')
  const held = method === 'none' ? null : method === 'debit' ? directDebit(world, buyer) : paymentMethod(world, buyer)
  if (held) world.add(held, 'payment_method.attached')
  const settings = { ...buyer.invoice_settings, default_payment_method: held?.id ?? null }
  const known = { currency: price.currency, invoice_settings: settings }
  const payer = world.change<Customer>(buyer.id, known, 'customer.updated')

  const endAt = trial ? world.now() + TRIAL_MS : monthsAfter(world.now(), monthsOf(price))
  const period = { start: world.created(), end: seconds(endAt) }
  const unsigned = subscription(world, {
    id: world.id('sub'),
    customer: payer,
    paymentMethod: held,
    price,
    status: trial ? 'trialing' : 'active',
    periodStart: period.start,
    periodEnd: period.end,
    latestInvoice: '',
    flexible: true,
  })
  const draft = draftInvoice(world, {
    customer: payer,
    subscription: unsigned,
    subscriptionItem: unsigned.items.data[0].id,
    reason: 'subscription_create',
    charged: [trial ? freeOf(price, period) : chargedFor(price, period)],
    period: { start: period.start, end: period.start },
  })
  const contract = contractOf({ customer: payer.id, paymentMethod: held?.id ?? null, subscription: unsigned.id })
  return { contract, terms: { ...unsigned, latest_invoice: draft.id }, draft }
}

/** The first invoice waits for nobody: it is finalised and paid in the same breath. */
function buy(world: World, shop: Shop, contract: Contract, terms: Subscription, draft: Invoice): void {
  const early = shop.business.incompleteFirst
  world.add(draft, 'invoice.created')
  if (early) world.add({ ...terms, status: 'incomplete' as const }, 'customer.subscription.created')
  finalise(world, draft.id)
  contract.charge = succeed(world, contract, beginPayment(world, contract, draft.id))
  if (early) world.change<Subscription>(terms.id, { status: 'active' }, 'customer.subscription.updated')
  else world.add(terms, 'customer.subscription.created')
}

function startTrial(world: World, contract: Contract, terms: Subscription, draft: Invoice): void {
  if (contract.paymentMethod) saveCard(world, contract, contract.paymentMethod)
  world.add(terms, 'customer.subscription.created')
  world.add(draft, 'invoice.created')
  finalise(world, draft.id)
  settle(world, draft.id)
}

function saveCard(world: World, contract: Contract, card: string): void {
  const setup = world.add(setupIntent(world, world.get<Customer>(contract.customer)), 'setup_intent.created')
  const saved = { payment_method: card, status: 'succeeded' as const }
  world.change<SetupIntent>(setup.id, saved, 'setup_intent.succeeded')
}

const freeOf = (price: Price, period: Charged['period']): Charged => ({
  ...chargedFor(price, period),
  amount: 0,
  description: `Trial period for ${price.nickname}`,
})

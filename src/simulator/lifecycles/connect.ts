import { DAY, HOUR, MINUTE } from '../calendar.ts'
import {
  type Account,
  application,
  type Capability,
  capability,
  connectedAccount,
  due,
  type Person,
  person,
} from '../objects/account.ts'
import {
  type ApplicationFee,
  applicationFee,
  type FeeRefund,
  feeRefund,
  type Transfer,
  transfer,
} from '../objects/connect-money.ts'
import { customer } from '../objects/customer.ts'
import { type Charge, charge, type PaymentIntent, paymentIntent } from '../objects/payment.ts'
import { paymentMethod } from '../objects/payment-method.ts'
import { bankAccount, type Payout, payout } from '../objects/payout.ts'
import { type Refund, refund } from '../objects/refund.ts'
import { chance } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'

const SALES_PER_DAY = 3
const PAYOUT_MS = 7 * DAY

/** One seller on Connect: tells who they are, sells for some weeks or months, and may leave. Their events name their account. */
export function* connectedLife(world: World): Lifecycle {
  const id = world.id('acct')
  const seller = world.as(id)
  const app = world.add(application(world))
  yield world.now() + Math.floor(world.random() * DAY)
  const bank = yield* onboard(seller, id, app.id)
  for (let weeks = 0; weeks < 4 || chance(world.random, 0.9); weeks++)
    yield* week(world, seller, { id, app: app.id, bank })
  seller.byRequest()
  seller.tell(app, 'account.application.deauthorized')
}

/** The account opens bit by bit, and is updated each time that Stripe knows more. */
function* onboard(seller: World, id: string, app: string): Lifecycle<string> {
  seller.byRequest()
  seller.tell(seller.get(app), 'account.application.authorized')
  seller.add(connectedAccount(seller, id))
  const owner = seller.add(person(seller, id), 'person.created')
  yield seller.now() + 5 * MINUTE
  seller.byRequest()
  seller.change<Person>(owner.id, { dob: { day: 1, month: 1, year: 1980 } }, 'person.updated')
  seller.change<Account>(id, { details_submitted: true }, 'account.updated')
  yield seller.now() + MINUTE
  seller.byRequest()
  const bank = seller.add(bankAccount(seller, 'usd'), 'account.external_account.created')
  const { requirements } = seller.get<Account>(id)
  seller.change<Account>(
    id,
    { requirements: { ...requirements, ...due(['individual.verification.document']) } },
    'account.updated',
  )

  yield seller.now() + 2 * HOUR
  const verification = { details: null, details_code: null, status: 'verified' }
  seller.change<Person>(owner.id, { verification }, 'person.updated')
  const able = seller.add(capability(seller, id))
  seller.change<Capability>(able.id, { status: 'active' }, 'capability.updated')
  const open = { charges_enabled: true, payouts_enabled: true, requirements: due([]) }
  const capabilities = { card_payments: 'active', transfers: 'active' } as const
  seller.change<Account>(id, { ...open, capabilities }, 'account.updated')
  return bank.id
}

interface Seller {
  readonly id: string
  readonly app: string
  readonly bank: string
}

/** Some sales, then a payout of what they brought, and now and then a bonus from the platform. */
function* week(world: World, seller: World, who: Seller): Lifecycle {
  const untilAt = world.now() + PAYOUT_MS
  let sold = 0
  for (;;) {
    const nextAt = world.now() + Math.ceil((-Math.log(1 - world.random()) * DAY) / SALES_PER_DAY)
    if (nextAt >= untilAt) break
    yield nextAt
    sold += yield* sell(world, seller, who)
  }
  yield untilAt
  if (chance(world.random, 0.5)) bonus(world, who.id)
  if (sold <= 0) return
  const paid = payout(seller, { amount: sold, currency: 'usd', bank: who.bank, days: 2 })
  const made = seller.add(paid, 'payout.created')
  yield seller.now() + 2 * DAY
  seller.change<Payout>(made.id, { status: 'paid' }, 'payout.paid')
}

/** A direct charge: it is the seller's, of which the platform takes a tenth. Returns what is left for the seller. */
function* sell(world: World, seller: World, who: Seller): Lifecycle<number> {
  seller.byRequest()
  const buyer = customer(seller)
  const payer = { customer: buyer, paymentMethod: paymentMethod(seller, buyer) }
  const price = 1_000 + Math.floor(world.random() * 9_000)
  const cut = Math.floor(price / 10)
  const begun = paymentIntent(seller, payer, { amount_due: price, currency: 'usd' })
  const direct = { application: who.app, application_fee_amount: cut, customer: null, setup_future_usage: null }
  const intent = seller.add<PaymentIntent>({ ...begun, ...direct }, 'payment_intent.created')
  const fees = { application: who.app, application_fee_amount: cut, customer: null }
  const taken = seller.add<Charge>({ ...charge(seller, payer, intent, null), ...fees }, 'charge.succeeded')
  const paid = { amount_received: price, latest_charge: taken.id, status: 'succeeded' as const }
  seller.change<PaymentIntent>(intent.id, paid, 'payment_intent.succeeded')
  const parties = { account: who.id, application: who.app }
  const fee = world.add(applicationFee(world, taken, cut, parties), 'application_fee.created')
  if (!chance(world.random, 0.1)) return price - cut

  yield world.now() + 4 * HOUR
  undo(world, seller, taken.id, fee.id)
  return 0
}

/** The sale is undone, and the platform gives back its part. */
function undo(world: World, seller: World, chargeId: string, feeId: string): void {
  seller.byRequest()
  const taken = seller.get<Charge>(chargeId)
  seller.add<Refund>(refund(seller, taken, taken.amount), 'refund.created')
  seller.change<Charge>(chargeId, { amount_refunded: taken.amount, refunded: true }, 'charge.refunded')
  const fee = world.get<ApplicationFee>(feeId)
  const back = world.add(feeRefund(world, fee))
  const refunds = { ...fee.refunds, data: [back] }
  world.change<ApplicationFee>(
    feeId,
    { amount_refunded: fee.amount, refunded: true, refunds },
    'application_fee.refunded',
  )
  world.change<FeeRefund>(back.id, { metadata: { reason: 'sale undone' } }, 'application_fee.refund.updated')
}

function bonus(world: World, seller: string): void {
  world.byRequest()
  const sent = world.add(transfer(world, seller, 500, 'usd'), 'transfer.created')
  if (chance(world.random, 0.3)) world.change<Transfer>(sent.id, { description: 'A bonus' }, 'transfer.updated')
  if (chance(world.random, 0.2))
    world.change<Transfer>(sent.id, { amount_reversed: 500, reversed: true }, 'transfer.reversed')
}

import type { Json } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import { DAY, seconds } from './calendar.ts'
import { type SimulatedEvent, simulatedEvent } from './event.ts'
import { createIds } from './ids.ts'
import { ACCOUNT, createMerchant } from './merchant.ts'
import type { StripeObject } from './objects/wire.ts'
import type { Business } from './shop.ts'

/**
 * One event of a type, as if it happened at `at`. For a type that the merchant makes it is a real one, out of a busy two
 * months of a small merchant that end at `at`, so all that it names fits together. For any other type the object is bare:
 * the right kind and an id of the right form, and no more fields than all objects have.
 */
export function makeEvent(type: string, random: Random, at: number): SimulatedEvent {
  return (MERCHANT_TYPES.has(type) ? livedThrough(type, random, at) : null) ?? bare(type, random, at)
}

/** What the merchant makes. */
export const MERCHANT_TYPES: ReadonlySet<string> = new Set([
  'charge.failed',
  'charge.refunded',
  'charge.succeeded',
  'charge.updated',
  'checkout.session.completed',
  'customer.created',
  'customer.subscription.created',
  'customer.subscription.deleted',
  'customer.subscription.trial_will_end',
  'customer.subscription.updated',
  'customer.updated',
  'invoice.created',
  'invoice.finalized',
  'invoice.paid',
  'invoice.payment_failed',
  'invoice.payment_succeeded',
  'invoice.upcoming',
  'invoice.updated',
  'invoice_payment.paid',
  'invoiceitem.created',
  'payment_intent.created',
  'payment_intent.payment_failed',
  'payment_intent.succeeded',
  'payment_method.attached',
  'refund.created',
  'refund.updated',
  'setup_intent.created',
  'setup_intent.succeeded',
])

export const LIVED_MS = 62 * DAY
// Enough of everything that two months hold every type that the merchant makes.
export const BUSY: Partial<Business> = {
  customers: 60,
  growthPerDay: 1,
  trialShare: 0.5,
  failureShare: 0.3,
  recoveryShare: 0.3,
  changeShare: 0.3,
  cancelShare: 0.2,
  refundShare: 0.3,
}

function livedThrough(type: string, random: Random, at: number): SimulatedEvent | null {
  const seed = Math.floor(random() * 2 ** 32)
  const merchant = createMerchant({ seed, startAt: at - LIVED_MS, business: BUSY })
  const last = merchant.advance(at).findLast((event) => event.type === type)
  if (!last) return null
  const { object, previous_attributes: previous = null } = last.json['data'] as unknown as Lived
  return simulatedEvent({
    id: createIds(random, ACCOUNT).make('evt', at),
    type,
    at,
    object,
    previous,
    request: null,
    livemode: false,
  })
}

interface Lived {
  readonly object: StripeObject
  readonly previous_attributes?: { readonly [key: string]: Json }
}

function bare(type: string, random: Random, at: number): SimulatedEvent {
  const ids = createIds(random, ACCOUNT)
  const kind = kindOf(type)
  const prefix = PREFIXES[kind] ?? kind.split('.').at(-1) ?? kind
  const shared = { object: kind, created: seconds(at), livemode: false, metadata: {} }
  const object: StripeObject = NAMELESS.has(type) ? shared : { id: ids.make(prefix, at), ...shared }
  return simulatedEvent({ id: ids.make('evt', at), type, at, object, previous: null, request: null, livemode: false })
}

// Types whose object Stripe gives no id.
export const NAMELESS = new Set([
  'balance.available',
  'balance_settings.updated',
  'billing.alert.triggered',
  'cash_balance.funds_available',
  'entitlements.active_entitlement_summary.updated',
  'tax.settings.updated',
])

/** The kind of object: the type without its last word, apart from families that are named otherwise than their objects. */
function kindOf(type: string): string {
  const family = type.split('.').slice(0, -1).join('.')
  return KINDS[type] ?? KINDS[family] ?? (family || type)
}

const KINDS: Readonly<Record<string, string>> = {
  'account.application': 'application',
  'account.external_account': 'bank_account',
  'application_fee.refund': 'fee_refund',
  'charge.dispute': 'dispute',
  'charge.refund': 'refund',
  'customer.discount': 'discount',
  'customer.source': 'card',
  'customer.subscription': 'subscription',
  'customer.tax_id': 'tax_id',
  customer_cash_balance_transaction: 'customer_cash_balance_transaction',
  issuing_authorization: 'issuing.authorization',
  issuing_card: 'issuing.card',
  issuing_cardholder: 'issuing.cardholder',
  issuing_dispute: 'issuing.dispute',
  issuing_personalization_design: 'issuing.personalization_design',
  issuing_token: 'issuing.token',
  issuing_transaction: 'issuing.transaction',
  'issuing_transaction.purchase_details_receipt': 'issuing.transaction',
  payment_intent: 'payment_intent',
  'source.transaction': 'source_transaction',
}

const PREFIXES: Readonly<Record<string, string>> = {
  account: 'acct',
  application: 'ca',
  application_fee: 'fee',
  bank_account: 'ba',
  'billing_portal.configuration': 'bpc',
  'billing_portal.session': 'bps',
  charge: 'ch',
  coupon: 'coupon',
  credit_note: 'cn',
  dispute: 'dp',
  discount: 'di',
  fee_refund: 'fr',
  'issuing.authorization': 'iauth',
  'issuing.card': 'ic',
  'issuing.cardholder': 'ich',
  'issuing.dispute': 'idp',
  'issuing.transaction': 'ipi',
  payment_intent: 'pi',
  payment_link: 'plink',
  payment_method: 'pm',
  payout: 'po',
  plan: 'price',
  product: 'prod',
  promotion_code: 'promo',
  quote: 'qt',
  'radar.early_fraud_warning': 'issfr',
  refund: 're',
  review: 'prv',
  setup_intent: 'seti',
  source: 'src',
  subscription: 'sub',
  subscription_schedule: 'sub_sched',
  tax_id: 'txi',
  tax_rate: 'txr',
  'terminal.reader': 'tmr',
  'test_helpers.test_clock': 'clock',
  topup: 'tu',
  transfer: 'tr',
}

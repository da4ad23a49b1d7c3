import type { Json } from '../core/outcome.ts'
import { asJson, type StripeObject } from './objects/wire.ts'
import type { Fields, Shape } from './shape.ts'

/**
 * The shape of the years before 2025-03-31.basil, which many endpoints still pin: an invoice names its subscription, payment and
 * charge, a subscription its period, a line its price.
 *
 * | since basil | before |
 * |---|---|
 * | `subscription.items.data[].current_period_*` | `subscription.current_period_*` |
 * | `invoice.parent.subscription_details.subscription` | `invoice.subscription`, `invoice.subscription_details` |
 * | `invoice_payment`, `invoice.status` | `invoice.payment_intent`, `.charge`, `.paid`; `payment_intent.invoice`, `charge.invoice` |
 * | `pricing`, `parent` of lines and invoice items | `price`, `plan`, `type`, `proration`, `subscription` |
 * | `discounts` as ids | also `discount`, whole |
 * | `discount.source`, `promotion_code.promotion` | `.coupon`, whole |
 */
export const PRE_BASIL = '2024-06-20'

export function createPreBasil(): Shape {
  // As each object was shown when it changed: what was before is told as it was told then.
  const shown = new WeakMap<StripeObject, Fields>()
  const payments = createPayments()
  return {
    apiVersion: PRE_BASIL,
    knows: (type) => !type.startsWith('invoice_payment.'),
    show(object, objects) {
      if (object.object === 'invoice_payment') payments.note(asJson(object), objects)
      const known = shown.get(object) ?? preBasil(asJson(object), linksIn(objects, payments))
      shown.set(object, known)
      return known
    },
  }
}

/** What an old object holds of others. */
export interface Links {
  /** The object of an id, in the current shape; null where it is not known. */
  find(id: Json | undefined): Fields | null
  /** The id of the payment that an invoice was last tried to be paid with, and the other way round. */
  intentOf(invoice: Json | undefined): string | null
  invoiceOf(intent: Json | undefined): string | null
}

/** An object of the current shape in the old one. */
export function preBasil(object: Fields, links: Links): Fields {
  const kind = String(object['object'])
  const newer = new Set(['customer_account', ...(NEWER[kind] ?? [])])
  const kept = Object.entries(object).filter(([key]) => !newer.has(key))
  const { id, object: _, ...rest } = { ...Object.fromEntries(kept), ...OLDER[kind]?.(object, links) } as Fields
  const sorted = Object.entries(rest).sort(([one], [other]) => (one < other ? -1 : 1))
  return { ...(id === undefined ? {} : { id }), object: kind, ...Object.fromEntries(sorted) }
}

/** Fields that came later, by kind of object. */
const NEWER: Readonly<Record<string, readonly string[]>> = {
  'checkout.session': [
    'adaptive_pricing',
    'allowed_payment_method_types',
    'collected_information',
    'discounts',
    'integration_identifier',
    'managed_payments',
    'origin_context',
    'permissions',
    'wallet_options',
  ],
  credit_note: ['post_payment_amount', 'pre_payment_amount', 'pretax_credit_amounts', 'refunds', 'total_taxes'],
  discount: ['source', 'subscription_item'],
  dispute: ['enhanced_eligibility_types', 'intended_submission_method'],
  invoice: ['amount_overpaid', 'confirmation_secret', 'parent', 'total_pretax_credit_amounts', 'total_taxes'],
  invoiceitem: ['net_amount', 'parent', 'pricing', 'proration_details', 'quantity_decimal'],
  line_item: ['parent', 'pretax_credit_amounts', 'pricing', 'quantity_decimal', 'subtotal', 'taxes'],
  payment_intent: [
    'allowed_payment_method_types',
    'excluded_payment_method_types',
    'managed_payments',
    'payment_record',
  ],
  payout: ['payout_method'],
  promotion_code: ['promotion'],
  refund: ['customer', 'payment_method'],
  setup_intent: ['allowed_payment_method_types', 'excluded_payment_method_types'],
  subscription: ['billing_mode', 'billing_schedules', 'managed_payments'],
  subscription_item: ['current_period_end', 'current_period_start', 'current_trial'],
  subscription_schedule: ['billing_mode', 'pause_schedules'],
}

/** Fields that went away or were otherwise, by kind of object. */
const OLDER: Readonly<Record<string, (object: Fields, links: Links) => Fields>> = {
  charge: ({ payment_intent }, { invoiceOf }) => ({ invoice: invoiceOf(payment_intent) }),
  'checkout.session': () => ({ shipping_details: null, ui_mode: 'hosted' }),
  credit_note: ({ refunds }) => ({ refund: (refunds as Fields[])[0]?.['refund'] ?? null, tax_amounts: [] }),
  discount: ({ source }, { find }) => ({ coupon: find((source as Fields)['coupon']) }),
  invoice,
  invoiceitem: (item, links) => ({
    ...priced(item, links),
    ...fieldsOf(item, 'parent', 'subscription_details'),
    unit_amount: item['amount'] ?? null,
    unit_amount_decimal: String(item['amount']),
  }),
  line_item: line,
  payment_intent: ({ id }, { invoiceOf }) => ({ invoice: invoiceOf(id) }),
  promotion_code: ({ promotion }, { find }) => ({ coupon: find((promotion as Fields)['coupon']) }),
  subscription,
}

function subscription(object: Fields, links: Links): Fields {
  const { items, cancellation_details, trial_settings } = object as { readonly [key: string]: Fields }
  const data = items!['data'] as Fields[]
  const { feedback_option: _, ...cancellation } = cancellation_details!
  const { missing_payment_method = null } = trial_settings!['end_behavior'] as Fields
  return {
    cancellation_details: cancellation,
    current_period_end: data[0]!['current_period_end'] ?? null,
    current_period_start: data[0]!['current_period_start'] ?? null,
    discount: firstDiscount(object, links),
    items: { ...items, data: data.map((item) => preBasil(item, links)) },
    trial_settings: { end_behavior: { missing_payment_method } },
  }
}

function invoice(object: Fields, links: Links): Fields {
  const intent = links.intentOf(object['id'])
  const { subscription = null, metadata = null } = fieldsOf(object, 'parent', 'subscription_details')
  const { enabled = false, liability = null, status = null } = object['automatic_tax'] as Fields
  const lines = object['lines'] as Fields
  return {
    application_fee_amount: null,
    automatic_tax: { enabled, liability, status },
    charge: links.find(intent)?.['latest_charge'] ?? null,
    discount: firstDiscount(object, links),
    lines: { ...lines, data: (lines['data'] as Fields[]).map((one) => preBasil(one, links)) },
    paid: object['status'] === 'paid',
    paid_out_of_band: false,
    payment_intent: intent,
    quote: null,
    subscription,
    subscription_details: { metadata },
    tax: null,
    total_tax_amounts: [],
    transfer_data: null,
  }
}

function line(object: Fields, links: Links): Fields {
  const ofItem = fieldsOf(object, 'parent', 'invoice_item_details')
  const ofTerm = fieldsOf(object, 'parent', 'subscription_item_details')
  const prorated = ofItem['invoice_item'] !== undefined
  return {
    ...priced(object, links),
    amount_excluding_tax: object['amount'] ?? null,
    ...(prorated ? { invoice_item: ofItem['invoice_item'] ?? null } : {}),
    proration: prorated,
    proration_details: { credited_items: null },
    ...(prorated ? {} : { subscription_item: ofTerm['subscription_item'] ?? null }),
    tax_amounts: [],
    tax_rates: [],
    type: prorated ? 'invoiceitem' : 'subscription',
    unit_amount_excluding_tax: String(object['amount']),
  }
}

/** Lines and invoice items had their price whole, and as a plan a second time. */
function priced(object: Fields, { find }: Links): Fields {
  const price = find(fieldsOf(object, 'pricing', 'price_details')['price'])
  return { plan: price && planOf(price), price }
}

function planOf(price: Fields): Fields {
  const { billing_scheme = null, created = null, currency = null, id = null, nickname = null, product = null } = price
  const { interval = null, interval_count = null } = price['recurring'] as Fields
  const amounts = { amount: price['unit_amount'] ?? null, amount_decimal: price['unit_amount_decimal'] ?? null }
  const about = { billing_scheme, created, currency, interval, interval_count, livemode: price['livemode'] ?? false }
  return { id, object: 'plan', active: true, ...amounts, ...about, metadata: {}, nickname, product }
}

function firstDiscount({ discounts }: Fields, links: Links): Fields | null {
  const discount = links.find((discounts as Json[])[0])
  return discount && preBasil(discount, links)
}

const fieldsOf = (object: Fields, outer: string, inner: string): Fields =>
  ((object[outer] as Fields | null)?.[inner] as Fields | null) ?? {}

function linksIn(objects: ReadonlyMap<string, StripeObject>, payments: ReturnType<typeof createPayments>): Links {
  const find = (id: Json | undefined) => {
    const found = typeof id === 'string' ? objects.get(id) : undefined
    return found ? asJson(found) : null
  }
  return { find, ...payments.links }
}

/** Which payment belongs to which invoice: now an object between them says so. */
function createPayments() {
  const intents = new Map<Json | undefined, string>()
  const invoices = new Map<Json | undefined, string>()
  return {
    links: {
      intentOf: (invoice: Json | undefined) => intents.get(invoice) ?? null,
      invoiceOf: (intent: Json | undefined) => invoices.get(intent) ?? null,
    },
    note(object: Fields, objects: ReadonlyMap<string, StripeObject>): void {
      const invoice = String(object['invoice'])
      const intent = String((object['payment'] as Fields)['payment_intent'])
      intents.set(invoice, intent)
      invoices.set(intent, invoice)
      // What the merchant has forgotten is forgotten here, too.
      if (intents.size <= objects.size) return
      for (const [invoice] of intents) if (!objects.has(String(invoice))) intents.delete(invoice)
      for (const [intent] of invoices) if (!objects.has(String(intent))) invoices.delete(intent)
    },
  }
}

import type { Stripe } from 'stripe'
import { DAY, HOUR, seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import { type Charged, line, offOf, type Rebate } from './line.ts'
import type { Subscription } from './subscription.ts'
import type { Wire } from './wire.ts'

export type Invoice = Wire<Stripe.Invoice> & {
  readonly id: string
  readonly customer: string
  readonly lines: { readonly data: Wire<Stripe.InvoiceLineItem>[] }
  readonly status_transitions: Wire<Stripe.Invoice.StatusTransitions>
}

/** An invoice that does not exist yet and so has no id: what `invoice.upcoming` holds. */
export type InvoicePreview = Omit<Invoice, 'id'>

export interface Billing {
  readonly customer: Customer
  readonly subscription: Pick<Subscription, 'id' | 'currency' | 'metadata'> &
    Partial<Pick<Subscription, 'days_until_due'>>
  readonly subscriptionItem: string
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'upcoming' | 'manual'
  readonly charged: readonly Charged[]
  readonly rebate?: Rebate | null
  readonly period: { readonly start: number; readonly end: number }
}

// Stripe's events show the first ten lines of an invoice; the rest is behind `has_more`.
const LINES_SHOWN = 10

export function draftInvoice(world: World, billing: Billing): Invoice {
  const id = world.id('in')
  const { object, ...rest } = preview(world, billing, id)
  return { id, object, ...rest }
}

export const upcomingInvoice = (world: World, billing: Billing): InvoicePreview => preview(world, billing, null)

function preview(world: World, billing: Billing, id: string | null): InvoicePreview {
  const { customer, subscription, charged, rebate = null } = billing
  const subtotal = charged.reduce((sum, { amount }) => sum + amount, 0)
  const off = charged.reduce((sum, what) => sum + offOf(what, rebate), 0)
  const total = subtotal - off
  // What an earlier downgrade left over is kept as a negative balance and lowers this invoice.
  const due = Math.max(0, total + customer.balance)
  const place = { invoice: id, subscription: subscription.id, subscriptionItem: billing.subscriptionItem, rebate }
  const lines = charged.map((what) => line(world, what, place))
  if (id !== null) for (const more of lines.slice(LINES_SHOWN)) world.add(more)
  const waits = billing.reason === 'subscription_cycle'
  const days = subscription.days_until_due ?? null
  return {
    object: 'invoice',
    account_country: 'US',
    account_name: 'Example Shop',
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: waits,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: waits ? seconds(world.now() + HOUR) : null,
    billing_reason: billing.reason,
    collection_method: days === null ? 'charge_automatically' : 'send_invoice',
    created: world.created(),
    currency: subscription.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: rebate ? [rebate.discount] : [],
    due_date: days === null ? null : seconds(world.now() + days * DAY),
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines.slice(0, LINES_SHOWN),
      has_more: lines.length > LINES_SHOWN,
      ...{ total_count: lines.length },
      url: `/v1/invoices/${id ?? 'upcoming'}/lines`,
    },
    livemode: world.livemode,
    metadata: {},
    next_payment_attempt: waits && days === null ? seconds(world.now() + HOUR) : null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: billing.period.end,
    period_start: billing.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal,
    subtotal_excluding_tax: subtotal,
    test_clock: null,
    total,
    total_discount_amounts: rebate ? [{ amount: off, discount: rebate.discount }] : [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: waits ? null : world.created(),
  }
}

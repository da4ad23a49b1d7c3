import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Invoice } from './invoice.ts'
import type { Refund } from './refund.ts'
import type { Wire } from './wire.ts'

export type CreditNote = Wire<Stripe.CreditNote> & { readonly id: string }

/** Lowers an invoice: an open one by so much less to pay, a paid one by the refund that it stands for. */
export function creditNote(world: World, of: Invoice, amount: number, refund: Refund | null): CreditNote {
  const id = world.id('cn')
  return {
    id,
    object: 'credit_note',
    amount,
    amount_shipping: 0,
    created: world.created(),
    currency: of.currency,
    customer: of.customer,
    customer_account: null,
    customer_balance_transaction: null,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: world.created(),
    invoice: of.id,
    lines: { object: 'list', data: [line(world, amount)], has_more: false, url: `/v1/credit_notes/${id}/lines` },
    livemode: world.livemode,
    memo: null,
    metadata: {},
    number: `${of.number}-CN-01`,
    out_of_band_amount: null,
    pdf: `https://invoice.example.com/credit-notes/${world.text(32)}/pdf`,
    post_payment_amount: refund ? amount : 0,
    pre_payment_amount: refund ? 0 : amount,
    pretax_credit_amounts: [],
    reason: 'order_change',
    refunds: refund
      ? [{ amount_refunded: refund.amount, payment_record_refund: null, refund: refund.id, type: 'refund' }]
      : [],
    shipping_cost: null,
    status: 'issued',
    subtotal: amount,
    subtotal_excluding_tax: amount,
    total: amount,
    total_excluding_tax: amount,
    total_taxes: [],
    type: refund ? 'post_payment' : 'pre_payment',
    voided_at: null,
  }
}

function line(world: World, amount: number): CreditNote['lines']['data'][number] {
  return {
    id: world.id('cnli'),
    object: 'credit_note_line_item',
    amount,
    description: 'Goodwill',
    discount_amount: 0,
    discount_amounts: [],
    livemode: world.livemode,
    metadata: {},
    pretax_credit_amounts: [],
    quantity: 1,
    tax_rates: [],
    taxes: [],
    type: 'custom_line_item',
    unit_amount: amount,
    unit_amount_decimal: String(amount),
  }
}

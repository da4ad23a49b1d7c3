import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import type { Invoice } from './invoice.ts'
import { billingDetails, type PaymentMethod } from './payment-method.ts'
import type { Wire } from './wire.ts'

export type PaymentIntent = Wire<Stripe.PaymentIntent> & { readonly id: string; readonly latest_charge: string | null }
export type InvoicePayment = Wire<Stripe.InvoicePayment> & {
  readonly id: string
  readonly payment: { readonly type: string; readonly payment_intent?: string }
}
export type Charge = Wire<Stripe.Charge> & { readonly id: string; readonly payment_intent: string }

export interface Payer {
  readonly customer: Customer
  readonly paymentMethod: PaymentMethod
}

/** What a payment is for: an invoice, or a single order. */
export type Due = Pick<Invoice, 'amount_due' | 'currency'> & Partial<Pick<Invoice, 'billing_reason'>>

export function paymentIntent(world: World, payer: Payer, of: Due): PaymentIntent {
  const id = world.id('pi')
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: of.amount_due,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${world.text(25)}`,
    confirmation_method: 'automatic',
    created: world.created(),
    currency: of.currency,
    customer: payer.customer.id,
    customer_account: null,
    description: describedBy(of),
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: world.livemode,
    managed_payments: { enabled: false },
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: [payer.paymentMethod.type],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: 'off_session',
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  }
}

/** How the bank answered: null is yes, otherwise the decline code and what Stripe says of it. */
export type Decline = { readonly code: string; readonly declineCode: string; readonly message: string } | null

export function charge(world: World, payer: Payer, intent: PaymentIntent, decline: Decline): Charge {
  const id = world.id('ch')
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: decline ? 0 : intent.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    // Attached seconds later: `charge.updated` tells.
    balance_transaction: null,
    billing_details: billingDetails(payer.customer),
    calculated_statement_descriptor: 'EXAMPLE SHOP',
    captured: !decline,
    created: world.created(),
    currency: intent.currency,
    customer: payer.customer.id,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: world.livemode,
    metadata: {},
    on_behalf_of: null,
    outcome: outcome(decline),
    paid: !decline,
    payment_intent: intent.id,
    payment_method: payer.paymentMethod.id,
    payment_method_details: methodUsed(payer.paymentMethod, intent.amount, decline),
    radar_options: {},
    receipt_email: null,
    receipt_number: null,
    receipt_url: decline ? null : `https://pay.example.com/receipts/${world.text(40)}`,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: decline ? 'failed' : 'succeeded',
    transfer_data: null,
    transfer_group: null,
  }
}

function outcome(decline: Decline): Charge['outcome'] {
  return {
    advice_code: decline ? 'try_again_later' : null,
    network_advice_code: null,
    network_decline_code: decline ? '51' : null,
    network_status: decline ? 'declined_by_network' : 'approved_by_network',
    reason: decline?.declineCode ?? null,
    risk_level: 'normal',
    risk_score: 12,
    seller_message: decline ? 'The bank returned a decline code.' : 'Payment complete.',
    type: decline ? 'issuer_declined' : 'authorized',
  }
}

function methodUsed(method: PaymentMethod, amount: number, decline: Decline): Charge['payment_method_details'] {
  if (method.card) return { card: cardUsed(method.card, amount, decline), type: 'card' }
  const {
    bank_code = null,
    branch_code = null,
    country = null,
    fingerprint = null,
    last4 = null,
  } = method.sepa_debit ?? {}
  return { sepa_debit: { bank_code, branch_code, country, fingerprint, last4, mandate: null }, type: 'sepa_debit' }
}

function cardUsed(card: NonNullable<PaymentMethod['card']>, amount: number, decline: Decline) {
  return {
    amount_authorized: decline ? null : amount,
    authorization_code: null,
    brand: card.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
    country: card.country,
    electronic_commerce_indicator: null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    installments: null,
    last4: card.last4,
    mandate: null,
    network: card.brand,
    network_transaction_id: null,
    regulated_status: card.regulated_status,
    three_d_secure: null,
    transaction_link_id: null,
    wallet: null,
  }
}

export function invoicePayment(world: World, of: Invoice, intent: PaymentIntent): InvoicePayment {
  return {
    id: world.id('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: intent.amount,
    created: world.created(),
    currency: intent.currency,
    invoice: of.id,
    is_default: true,
    livemode: world.livemode,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  }
}

function describedBy({ billing_reason }: Due): string {
  if (billing_reason === undefined) return 'Single order'
  return billing_reason === 'subscription_create' ? 'Subscription creation' : 'Subscription update'
}

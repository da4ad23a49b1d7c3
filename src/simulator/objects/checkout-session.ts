import type { Stripe } from 'stripe'
import { DAY, seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import type { Price } from './price.ts'
import type { Wire } from './wire.ts'

export type CheckoutSession = Wire<Stripe.Checkout.Session> & { readonly id: string }

export interface Purchase {
  readonly price: Price
  readonly trial: boolean
  /** With a method that takes days, the session is complete before anything is paid. */
  readonly paid: 'paid' | 'unpaid' | 'no_payment_required'
  readonly customer: Customer
  readonly subscription: string
  readonly invoice: string
}

/** A session as `checkout.session.completed` shows it. */
export function completedSession(world: World, purchase: Purchase): CheckoutSession {
  const total = purchase.trial ? 0 : purchase.price.unit_amount
  return {
    id: world.id(world.livemode ? 'cs_live_a1' : 'cs_test_a1'),
    object: 'checkout.session',
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: total,
    amount_total: total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: 'auto',
    cancel_url: 'https://shop.example.com/pricing',
    client_reference_id: `user-${world.text(8).toLowerCase()}`,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: world.created(),
    currency: purchase.price.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: purchase.customer.id,
    customer_account: null,
    customer_creation: 'always',
    customer_details: {
      address: null,
      business_name: null,
      email: purchase.customer.email,
      individual_name: null,
      name: purchase.customer.name ?? null,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
    customer_email: null,
    discounts: [],
    expires_at: seconds(world.now() + DAY),
    integration_identifier: null,
    invoice: purchase.invoice,
    invoice_creation: null,
    livemode: world.livemode,
    locale: null,
    managed_payments: { enabled: false },
    metadata: {},
    mode: 'subscription',
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'always',
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    payment_status: purchase.paid,
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: {
      allow_redisplay_filters: ['always'],
      payment_method_remove: 'disabled',
      payment_method_save: null,
    },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'complete',
    submit_type: null,
    subscription: purchase.subscription,
    success_url: 'https://shop.example.com/welcome?session_id={CHECKOUT_SESSION_ID}',
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: null,
    wallet_options: null,
  }
}

/** A session that nobody completed, as `checkout.session.expired` shows it a day later. */
export function expiredSession(world: World, price: Price, customer: Customer): CheckoutSession {
  const nobody = {
    collected_information: null,
    customer: null,
    customer_details: null,
    invoice: null,
    subscription: null,
  }
  const begun = completedSession(world, {
    price,
    trial: false,
    paid: 'unpaid',
    customer,
    subscription: '',
    invoice: '',
  })
  return { ...begun, ...nobody, created: seconds(world.now() - DAY), expires_at: world.created(), status: 'expired' }
}

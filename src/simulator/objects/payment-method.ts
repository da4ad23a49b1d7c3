import type { Stripe } from 'stripe'
import { pick } from '../../core/random.ts'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import type { Wire } from './wire.ts'

export type PaymentMethod = Wire<Stripe.PaymentMethod> & {
  readonly id: string
  readonly customer: string | null
}
type Card = Wire<Stripe.PaymentMethod.Card>

// The last digits of the numbers that Stripe publishes for tests.
const CARDS = [
  { brand: 'visa', last4: '4242' },
  { brand: 'mastercard', last4: '4444' },
  { brand: 'visa', last4: '5556' },
] as const

export function paymentMethod(world: World, of: Customer): PaymentMethod {
  return {
    id: world.id('pm'),
    object: 'payment_method',
    allow_redisplay: 'limited',
    billing_details: billingDetails(of),
    card: card(world),
    created: world.created(),
    customer: of.id,
    customer_account: null,
    livemode: world.livemode,
    metadata: {},
    type: 'card',
  }
}

/** An account at a bank in Europe, debited days after it was asked. */
export function directDebit(world: World, of: Customer): PaymentMethod {
  const { card: _, ...shared } = paymentMethod(world, of)
  const account = {
    bank_code: '37040044',
    branch_code: null,
    country: 'DE',
    fingerprint: world.text(16),
    last4: '3000',
  }
  return {
    ...shared,
    sepa_debit: { ...account, generated_from: { charge: null, setup_attempt: null } },
    type: 'sepa_debit',
  }
}

export function billingDetails(of: Customer) {
  return {
    address: { city: null, country: 'US', line1: null, line2: null, postal_code: null, state: null },
    email: of.email,
    name: of.name ?? null,
    phone: null,
    tax_id: null,
  }
}

function card(world: World): Card {
  const { brand, last4 } = pick(world.random, CARDS)
  return {
    brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    display_brand: brand,
    exp_month: 1 + Math.floor(world.random() * 12),
    exp_year: new Date(world.now()).getUTCFullYear() + 2,
    fingerprint: world.text(16),
    funding: 'credit',
    generated_from: null,
    last4,
    networks: { available: [brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  }
}

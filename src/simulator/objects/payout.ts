import type { Stripe } from 'stripe'
import { DAY, seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { Wire } from './wire.ts'

export type Payout = Wire<Stripe.Payout> & { readonly id: string }
export type BankAccount = Wire<Stripe.BankAccount> & { readonly id: string }

export interface PaidOut {
  readonly amount: number
  readonly currency: string
  readonly bank: string
  readonly days: number
}

export function payout(world: World, { amount, currency, bank, days }: PaidOut): Payout {
  return {
    id: world.id('po'),
    object: 'payout',
    amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: seconds(world.now() + days * DAY),
    automatic: true,
    balance_transaction: world.id('txn'),
    created: world.created(),
    currency,
    description: 'STRIPE PAYOUT',
    destination: bank,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: world.livemode,
    metadata: {},
    method: 'standard',
    original_payout: null,
    payout_method: null,
    reconciliation_status: 'in_progress',
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: null,
    status: 'pending',
    trace_id: null,
    type: 'bank_account',
  }
}

export function bankAccount(world: World, currency: string): BankAccount {
  return {
    id: world.id('ba'),
    object: 'bank_account',
    account: world.owner,
    account_holder_name: 'Example Shop',
    account_holder_type: 'company',
    account_type: null,
    available_payout_methods: ['standard'],
    bank_name: 'STRIPE TEST BANK',
    country: 'US',
    currency,
    default_for_currency: true,
    fingerprint: world.text(16),
    future_requirements: null,
    last4: '6789',
    metadata: {},
    requirements: null,
    routing_number: '110000000',
    status: 'new',
  }
}

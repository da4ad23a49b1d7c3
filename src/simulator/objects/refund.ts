import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Charge } from './payment.ts'
import type { Wire } from './wire.ts'

export type Refund = Wire<Stripe.Refund> & { readonly id: string; readonly charge: string }

export function refund(world: World, of: Charge, amount: number): Refund {
  return {
    id: world.id('re'),
    object: 'refund',
    amount,
    balance_transaction: world.id('txn'),
    charge: of.id,
    created: world.created(),
    currency: of.currency,
    customer: of.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: {},
    payment_intent: of.payment_intent,
    payment_method: of.payment_method,
    reason: 'requested_by_customer',
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  }
}

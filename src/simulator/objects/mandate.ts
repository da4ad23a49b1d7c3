import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { PaymentMethod } from './payment-method.ts'
import type { Wire } from './wire.ts'

export type Mandate = Wire<Stripe.Mandate> & { readonly id: string }

/** A bank's customer allows to take money from their account, as long as it is active. */
export function mandate(world: World, of: PaymentMethod): Mandate {
  return {
    id: world.id('mandate'),
    object: 'mandate',
    customer_acceptance: {
      accepted_at: world.created(),
      online: { ip_address: null, user_agent: null },
      type: 'online',
    },
    livemode: world.livemode,
    multi_use: {},
    payment_method: of.id,
    payment_method_details: {
      sepa_debit: { reference: world.text(16).toUpperCase(), url: `https://mandates.example.com/${world.text(24)}` },
      type: 'sepa_debit',
    },
    status: 'pending',
    type: 'multi_use',
  }
}

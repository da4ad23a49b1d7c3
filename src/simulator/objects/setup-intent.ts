import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Customer } from './customer.ts'
import type { Wire } from './wire.ts'

export type SetupIntent = Wire<Stripe.SetupIntent> & { readonly id: string }

export function setupIntent(world: World, of: Customer): SetupIntent {
  const id = world.id('seti')
  return {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${world.text(25)}`,
    created: world.created(),
    customer: of.id,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: world.livemode,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
  }
}

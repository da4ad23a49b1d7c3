import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Wire } from './wire.ts'

export type TaxId = Wire<Stripe.TaxId> & { readonly id: string }

export function taxId(world: World, customer: string): TaxId {
  return {
    id: world.id('txi'),
    object: 'tax_id',
    country: 'DE',
    created: world.created(),
    customer,
    customer_account: null,
    livemode: world.livemode,
    owner: { customer, customer_account: null, type: 'customer' },
    type: 'eu_vat',
    value: 'DE000000000',
    verification: { status: 'pending', verified_address: null, verified_name: null },
  }
}

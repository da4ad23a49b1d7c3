import type { Stripe } from 'stripe'
import { seconds } from '../calendar.ts'
import type { Wire } from '../objects/wire.ts'

/** The merchant's own account. Like Stripe's answer for the owner of the key it tells all of it. */
export function ownAccount(id: string, startAt: number): Wire<Stripe.Account> {
  return {
    id,
    object: 'account',
    business_profile: {
      mcc: '5734',
      minority_owned_business_designation: null,
      name: 'Example Shop',
      specified_commercial_transactions_act_url: null,
      support_address: null,
      support_email: 'support@example.com',
      support_phone: null,
      support_url: null,
      url: 'https://shop.example.com',
    },
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    controller: { type: 'account' },
    country: 'US',
    created: seconds(startAt),
    default_currency: 'usd',
    details_submitted: true,
    email: 'owner@example.com',
    metadata: {},
    payouts_enabled: true,
    type: 'standard',
  }
}

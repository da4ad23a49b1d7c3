import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Wire } from './wire.ts'

export type Account = Wire<Stripe.Account> & {
  readonly id: string
  readonly capabilities: Wire<Stripe.Account.Capabilities>
  readonly requirements: Wire<Stripe.Account.Requirements>
}
export type Capability = Wire<Stripe.Capability> & { readonly id: string }
export type Person = Wire<Stripe.Person> & {
  readonly id: string
  readonly verification: Wire<Stripe.Person.Verification>
}
export type Application = Wire<Stripe.Application> & { readonly id: string }

/** A seller on Connect who has just begun to tell of themselves. */
export function connectedAccount(world: World, id: string): Account {
  return {
    id,
    object: 'account',
    business_profile: {
      mcc: null,
      minority_owned_business_designation: null,
      name: 'Example Seller',
      specified_commercial_transactions_act_url: null,
      support_address: null,
      support_email: null,
      support_phone: null,
      support_url: null,
      url: 'https://seller.example.com',
    },
    business_type: 'individual',
    capabilities: { card_payments: 'inactive', transfers: 'inactive' },
    charges_enabled: false,
    country: 'US',
    created: world.created(),
    default_currency: 'usd',
    details_submitted: false,
    email: `seller.${world.text(6).toLowerCase()}@example.com`,
    metadata: {},
    payouts_enabled: false,
    requirements: {
      ...due(['external_account', 'individual.verification.document']),
      disabled_reason: 'requirements.past_due',
    },
    type: 'standard',
  }
}

export function due(fields: string[]) {
  return {
    alternatives: [],
    current_deadline: null,
    currently_due: fields,
    disabled_reason: null,
    errors: [],
    eventually_due: fields,
    past_due: fields,
    pending_verification: [],
  }
}

export function capability(world: World, account: string): Capability {
  return {
    // Named by what it allows; only together with its account is it one of a kind.
    id: 'card_payments',
    object: 'capability',
    account,
    requested: true,
    requested_at: world.created(),
    requirements: due([]),
    status: 'pending',
  }
}

export function person(world: World, account: string): Person {
  return {
    id: world.id('person'),
    object: 'person',
    account,
    created: world.created(),
    dob: { day: null, month: null, year: null },
    first_name: 'Mei',
    last_name: 'Przykład',
    metadata: {},
    relationship: {
      authorizer: null,
      director: false,
      executive: false,
      legal_guardian: null,
      owner: true,
      percent_ownership: null,
      representative: true,
      title: null,
    },
    verification: { details: null, details_code: null, status: 'unverified' },
  }
}

export const application = (world: World): Application => ({
  id: world.id('ca'),
  object: 'application',
  name: 'Example Market',
})

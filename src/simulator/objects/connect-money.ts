import type { Stripe } from 'stripe'
import type { World } from '../world.ts'
import type { Charge } from './payment.ts'
import type { Wire } from './wire.ts'

export type ApplicationFee = Wire<Stripe.ApplicationFee> & { readonly id: string }
export type FeeRefund = Wire<Stripe.FeeRefund> & { readonly id: string }
export type Transfer = Wire<Stripe.Transfer> & { readonly id: string }

/** What the platform takes of a seller's direct charge. */
export function applicationFee(
  world: World,
  of: Charge,
  amount: number,
  parties: { account: string; application: string },
): ApplicationFee {
  const id = world.id('fee')
  return {
    id,
    object: 'application_fee',
    account: parties.account,
    amount,
    amount_refunded: 0,
    application: parties.application,
    balance_transaction: world.id('txn'),
    charge: of.id,
    created: world.created(),
    currency: of.currency,
    fee_source: { charge: of.id, type: 'charge' },
    livemode: world.livemode,
    originating_transaction: null,
    refunded: false,
    refunds: { object: 'list', data: [], has_more: false, url: `/v1/application_fees/${id}/refunds` },
  }
}

export function feeRefund(world: World, of: ApplicationFee): FeeRefund {
  return {
    id: world.id('fr'),
    object: 'fee_refund',
    amount: of.amount,
    balance_transaction: world.id('txn'),
    created: world.created(),
    currency: of.currency,
    fee: of.id,
    metadata: {},
  }
}

/** Money that the platform sends to a seller. */
export function transfer(world: World, to: string, amount: number, currency: string): Transfer {
  const id = world.id('tr')
  return {
    id,
    object: 'transfer',
    amount,
    amount_reversed: 0,
    balance_transaction: world.id('txn'),
    created: world.created(),
    currency,
    description: null,
    destination: to,
    livemode: world.livemode,
    metadata: {},
    reversals: { object: 'list', data: [], has_more: false, url: `/v1/transfers/${id}/reversals` },
    reversed: false,
    source_transaction: null,
    source_type: 'card',
    transfer_group: null,
  }
}

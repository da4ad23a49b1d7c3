import type { Stripe } from 'stripe'
import { DAY, seconds } from '../calendar.ts'
import type { Till } from '../till.ts'
import type { World } from '../world.ts'
import type { Wire } from './wire.ts'

export type BalanceTransaction = Wire<Stripe.BalanceTransaction> & { readonly id: string }
/** Stripe gives a balance no id. */
export type Balance = Wire<Stripe.Balance> & { readonly id?: undefined }

export interface Movement {
  /** Negative where money goes. */
  readonly amount: number
  readonly fee: number
  readonly currency: string
  readonly type: string
  readonly source: string
  readonly description: string
}

export function balanceTransaction(world: World, what: Movement): BalanceTransaction {
  const { amount, fee, currency } = what
  return {
    id: world.id('txn'),
    object: 'balance_transaction',
    amount,
    available_on: seconds(world.now() + 2 * DAY),
    balance_type: 'payments',
    created: world.created(),
    currency,
    description: what.description,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0 ? [] : [{ amount: fee, application: null, currency, description: 'Dispute fee', type: 'stripe_fee' }],
    net: amount - fee,
    reporting_category: 'dispute',
    source: what.source,
    status: 'pending',
    type: what.type,
  }
}

export function balance(world: World, till: Till): Balance {
  const sums = (of: ReadonlyMap<string, number>) =>
    [...of].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }))
  return {
    object: 'balance',
    available: sums(till.available()),
    livemode: world.livemode,
    pending: sums(till.pending()),
  }
}

import type { Stripe } from 'stripe'
import type { Wire } from '../objects/wire.ts'
import type { Shelf } from './shelf.ts'

type Balance = Wire<Stripe.Balance>

/** What the account's balance transactions come to: what may be paid out by now, and what may be later. */
export function balanceOf(shelf: Shelf, nowAt: number, livemode: boolean): Balance {
  const entries = shelf.all('balance_transaction') as unknown as Wire<Stripe.BalanceTransaction>[]
  const sum = (wanted: boolean): Balance['available'] => {
    const sums = new Map<string, number>([['usd', 0]])
    for (const { available_on, currency, net } of entries) {
      if (available_on * 1000 <= nowAt === wanted) sums.set(currency, (sums.get(currency) ?? 0) + net)
    }
    return [...sums].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }))
  }
  return { object: 'balance', available: sum(true), livemode, pending: sum(false) }
}

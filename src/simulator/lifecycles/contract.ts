import type { Customer } from '../objects/customer.ts'
import type { InvoiceItem } from '../objects/invoice-item.ts'
import type { Payer } from '../objects/payment.ts'
import type { PaymentMethod } from '../objects/payment-method.ts'
import type { Price } from '../objects/price.ts'
import type { Subscription } from '../objects/subscription.ts'
import type { World } from '../world.ts'
import type { Payment } from './payment.ts'

/** One customer with one subscription: what their lifecycle carries along. The objects themselves are in the world. */
export interface Contract {
  readonly customer: string
  /** Null in a trial that began without one. */
  paymentMethod: string | null
  readonly subscription: string
  /** Prorations that wait for the next invoice. */
  pending: { readonly item: InvoiceItem; readonly price: Price }[]
  /** The charge that paid for the running period, null where nothing was due or all was given back. */
  charge: string | null
  /** A cheaper plan that begins with the next period. */
  downgrade: { readonly schedule: string; readonly price: Price } | null
  /** What was never paid, for which the subscription is `unpaid`. */
  owed: Payment | null
}

export const contractOf = (what: Pick<Contract, 'customer' | 'paymentMethod' | 'subscription'>): Contract => ({
  ...what,
  pending: [],
  charge: null,
  downgrade: null,
  owed: null,
})

export const subscriptionOf = (world: World, { subscription }: Contract): Subscription => world.get(subscription)

export function payerOf(world: World, { customer, paymentMethod }: Contract): Payer {
  if (paymentMethod === null) throw new Error(`the simulated customer ${customer} has nothing to pay with`)
  return { customer: world.get<Customer>(customer), paymentMethod: world.get<PaymentMethod>(paymentMethod) }
}

/** The running billing period, in milliseconds. */
export function periodOf(world: World, contract: Contract): { startAt: number; endAt: number } {
  const [item] = subscriptionOf(world, contract).items.data
  return { startAt: item.current_period_start * 1000, endAt: item.current_period_end * 1000 }
}

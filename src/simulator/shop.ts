import type { Random } from '../core/random.ts'
import { defaultOffers, type Offer, type Price, price, product } from './objects/price.ts'
import type { World } from './world.ts'

/** How the merchant's business goes. Shares are between 0 and 1. */
export interface Business {
  /** Customers who already pay when the simulation begins. Of them only the future makes events. */
  readonly customers: number
  readonly growthPerDay: number
  readonly offers: readonly Offer[]
  /** Of the first customers: who renews at midnight on the first of the month, all at once. */
  readonly anchoredShare: number
  /** If set, every first customer renews at this instant. */
  readonly renewalAt: number | null
  readonly trialShare: number
  /** Of first attempts to take money from a renewing customer: how many the bank declines. */
  readonly failureShare: number
  /** Of later attempts: how many succeed. */
  readonly recoveryShare: number
  /** Of billing periods: in how many the customer changes plan, cancels, wants money back. */
  readonly changeShare: number
  readonly cancelShare: number
  readonly refundShare: number
  /** The API before 2025-03-31.basil made the subscription before the payment; some accounts still see it so. */
  readonly incompleteFirst: boolean
}

export const defaultBusiness: Business = {
  customers: 200,
  growthPerDay: 10,
  offers: defaultOffers,
  anchoredShare: 0.2,
  renewalAt: null,
  trialShare: 0.3,
  failureShare: 0.06,
  recoveryShare: 0.5,
  changeShare: 0.06,
  cancelShare: 0.05,
  refundShare: 0.03,
  incompleteFirst: false,
}

export interface Shop {
  readonly business: Business
  readonly prices: readonly Price[]
}

export function openShop(world: World, business: Business): Shop {
  const prices = business.offers.map((offer) => world.add(price(world, offer, world.add(product(world, offer)))))
  return { business, prices }
}

export const chance = (random: Random, share: number): boolean => random() < share

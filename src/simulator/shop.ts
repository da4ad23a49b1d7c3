import type { Random } from '../core/random.ts'
import { defaultOffers, type Offer, type Price, price, product } from './objects/price.ts'
import { createTill, type Till } from './till.ts'
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
  /** Of payments that are never made: how many leave the subscription `unpaid` instead of ending it. */
  readonly unpaidShare: number
  /** Of payments from a renewing customer: for how many the bank wants to see the customer. */
  readonly challengeShare: number
  /** Of renewals: whose invoice cannot be finalised at first, because the address does not tell where to tax. */
  readonly placelessShare: number
  /** Of trials: how many begin without a card, and pause when they end. */
  readonly cardlessShare: number
  /** Of arrivals: who leaves Checkout without buying, pays by direct debit, is a company that is sent a quote and then invoices. */
  readonly abandonedShare: number
  readonly debitShare: number
  readonly companyShare: number
  /** Of billing periods: in how many the customer changes plan, cancels, wants money back. */
  readonly changeShare: number
  readonly cancelShare: number
  readonly refundShare: number
  /** The customer disputes the charge, has a new card or address, gets a rebate, plans a cheaper plan, pauses. */
  readonly disputeShare: number
  readonly detailsShare: number
  readonly rebateShare: number
  readonly downgradeShare: number
  readonly pauseShare: number
  /** Of customers who left: how many are deleted a week later. */
  readonly deletedShare: number
  /** Single orders, whose money is taken when the goods leave. */
  readonly preordersPerDay: number
  /** Changes of what is sold: names, prices, coupons. */
  readonly newsPerDay: number
  /** Sellers on Connect, with accounts of their own. Stripe sends what happens to them to a platform's Connect endpoint only. */
  readonly connectedAccounts: number
  /** Whether the balance is paid out to the bank every day. */
  readonly payouts: boolean
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
  unpaidShare: 0.2,
  challengeShare: 0.02,
  placelessShare: 0.01,
  cardlessShare: 0.2,
  abandonedShare: 0.2,
  debitShare: 0.1,
  companyShare: 0.1,
  changeShare: 0.06,
  cancelShare: 0.05,
  refundShare: 0.03,
  disputeShare: 0.01,
  detailsShare: 0.05,
  rebateShare: 0.02,
  downgradeShare: 0.02,
  pauseShare: 0.01,
  deletedShare: 0.2,
  preordersPerDay: 1,
  newsPerDay: 0.2,
  connectedAccounts: 0,
  payouts: true,
  incompleteFirst: false,
}

/** A merchant to whom nothing happens but renewals: what a test or a burst adds is then all there is. */
export const calmBusiness: Business = {
  ...defaultBusiness,
  customers: 0,
  growthPerDay: 0,
  anchoredShare: 0,
  trialShare: 0,
  failureShare: 0,
  unpaidShare: 0,
  challengeShare: 0,
  placelessShare: 0,
  cardlessShare: 0,
  abandonedShare: 0,
  debitShare: 0,
  companyShare: 0,
  changeShare: 0,
  cancelShare: 0,
  refundShare: 0,
  disputeShare: 0,
  detailsShare: 0,
  rebateShare: 0,
  downgradeShare: 0,
  pauseShare: 0,
  deletedShare: 0,
  preordersPerDay: 0,
  newsPerDay: 0,
  payouts: false,
}

export interface Shop {
  readonly business: Business
  /** What is sold just now: a price that was replaced is not among them. */
  readonly prices: Price[]
  readonly till: Till
}

export function openShop(world: World, business: Business): Shop {
  const prices = business.offers.map((offer) => world.add(price(world, offer, world.add(product(world, offer)))))
  return { business, prices, till: createTill(world.now) }
}

export const chance = (random: Random, share: number): boolean => random() < share

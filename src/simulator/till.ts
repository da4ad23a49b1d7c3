import { DAY } from './calendar.ts'

/** The merchant's balance at Stripe, by currency, in minor units. */
export interface Till {
  /** Money comes, less Stripe's fee, and can be paid out in two days. */
  take(currency: string, amount: number): void
  /** Money goes, or comes back, at once. */
  move(currency: string, amount: number): void
  available(): ReadonlyMap<string, number>
  pending(): ReadonlyMap<string, number>
}

const WAIT_MS = 2 * DAY

/** What Stripe keeps of a payment: 2.9 % and 30 of the smallest unit. */
export const feeOf = (amount: number): number => Math.round(amount * 0.029) + 30

export function createTill(now: () => number): Till {
  const ready = new Map<string, number>()
  // By day, so that it stays small however many payments come.
  const waiting = new Map<number, Map<string, number>>()
  const settle = () => {
    for (const [readyAt, sums] of waiting) {
      if (readyAt > now()) continue
      waiting.delete(readyAt)
      for (const [currency, amount] of sums) add(ready, currency, amount)
    }
  }
  return {
    take(currency, amount) {
      const readyAt = Math.ceil((now() + WAIT_MS) / DAY) * DAY
      const sums = waiting.get(readyAt) ?? new Map<string, number>()
      add(sums, currency, amount - feeOf(amount))
      waiting.set(readyAt, sums)
    },
    move: (currency, amount) => add(ready, currency, amount),
    available() {
      settle()
      return ready
    },
    pending() {
      settle()
      const sums = new Map<string, number>()
      for (const day of waiting.values()) for (const [currency, amount] of day) add(sums, currency, amount)
      return sums
    },
  }
}

const add = (sums: Map<string, number>, currency: string, amount: number): void =>
  void sums.set(currency, (sums.get(currency) ?? 0) + amount)

import type { Agenda } from './agenda.ts'
import type { Delivery } from './faults.ts'

/** When a delivery leaves, on our clock. */
export type Pace = (delivery: Delivery, index: number) => number

export const atRate =
  ({ perSecond, startAt }: { readonly perSecond: number; readonly startAt: number }): Pace =>
  (_delivery, index) =>
    startAt + (index * 1000) / perSecond

/** `startAt` on our clock is `beginsAt` on the merchant's, which runs `speed` times as fast. */
export const atSpeed =
  (pace: { readonly speed: number; readonly startAt: number; readonly beginsAt: number }): Pace =>
  ({ at }) =>
    pace.startAt + (at - pace.beginsAt) / pace.speed

export interface Attempt {
  readonly delivery: Delivery
  readonly number: number
}

/** While so many wait for a further attempt, no first ones are made: a receiver that is down must not fill the memory. */
export const WAITING_MAX = 20_000

/** First attempts and later ones in one line, the earliest first. */
export function createQueue(deliveries: Iterable<Delivery>, pace: Pace, again: Agenda<Attempt>) {
  const source = deliveries[Symbol.iterator]()
  let index = 0
  let head = source.next()
  const headAt = () => (head.done || again.size >= WAITING_MAX ? Number.POSITIVE_INFINITY : pace(head.value, index))
  const againAt = () => again.next() ?? Number.POSITIVE_INFINITY
  return {
    next(): number | null {
      const at = Math.min(headAt(), againAt())
      return at === Number.POSITIVE_INFINITY ? null : at
    },
    take(): Attempt {
      if (againAt() < headAt()) return again.take() as Attempt
      const delivery = head.value as Delivery
      head = source.next()
      index++
      return { delivery, number: 1 }
    },
  }
}

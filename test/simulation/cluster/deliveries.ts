import { seeded } from '../../../src/core/random.ts'
import { unruly } from '../../../src/simulator/faults.ts'
import { createMerchant } from '../../../src/simulator/merchant.ts'
import { stream } from '../../../src/simulator/stream.ts'
import { type Truth, truthOf } from '../../../src/simulator/truth.ts'

/** Bytes that arrive, and what a checker has to know of them. */
export interface Sent {
  /** After how long in the simulation. */
  readonly afterMs: number
  readonly body: Uint8Array
  readonly truth: Truth
}

const DAY_MS = 86_400_000

/**
 * A few days of a small merchant, late, shuffled and doubled, pressed into `withinMs`: the order in which things arrive stays,
 * the time between them does not.
 */
export function deliveries({
  seed,
  startAt,
  count,
  withinMs,
}: {
  seed: number
  startAt: number
  count: number
  withinMs: number
}): Sent[] {
  const merchant = createMerchant({ seed, startAt, business: { customers: 25, growthPerDay: 10, anchoredShare: 0 } })
  const untilAt = startAt + 60 * DAY_MS
  const sent = [...stream({ merchant, startAt, untilAt, count, faults: unruly, random: seeded(seed + 1) })]
  const good = sent.filter(({ kind }) => kind === 'good')
  const random = seeded(seed + 2)
  const pauses = good.map(() => -Math.log(1 - random()))
  const total = pauses.reduce((sum, pause) => sum + pause, 0)
  let passed = 0
  return good.map(({ body, event }, i) => {
    passed += pauses[i]!
    return { afterMs: Math.floor((passed / total) * withinMs), body, truth: truthOf(event) }
  })
}

/** A number in [0, 1). */
export type Random = () => number

export const systemRandom: Random = () => Math.random()

/** The same seed gives the same numbers (mulberry32: 2^32 states, good enough for schedules and simulations, not for secrets). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const between = (random: Random, low: number, high: number): number => low + random() * (high - low)

export const pick = <V>(random: Random, values: readonly V[]): V => values[Math.floor(random() * values.length)] as V

export function shuffled<V>(random: Random, values: readonly V[]): V[] {
  const result = [...values]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = result[last] as V
    result[last] = result[other] as V
    result[other] = kept
  }
  return result
}

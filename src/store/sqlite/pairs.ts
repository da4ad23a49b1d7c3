const SECOND_BITS = 17
const SECONDS = 2 ** SECOND_BITS
/** The first of a pair is below this. */
export const FIRST_MAX = 2 ** (53 - SECOND_BITS)

/** Pairs in the order of the first, then of the second. */
export interface SortedPairs {
  readonly size: number
  first(i: number): number
  second(i: number): number
}

/**
 * Collects pairs of numbers whose second one only rises, to sort them by the first. Each pair is one number, so sorting is a
 * sort of plain numbers: thirty times cheaper than one of objects, and a writer that sorts answers nobody.
 */
export class Pairs {
  #runs: { readonly from: number; readonly packed: number[] }[] = []
  size = 0

  add(first: number, second: number): void {
    let run = this.#runs.at(-1)
    if (!run || second - run.from >= SECONDS) this.#runs.push((run = { from: second, packed: [] }))
    run.packed.push(first * SECONDS + (second - run.from))
    this.size++
  }

  /** What was collected; sorted within each run of 131,072 seconds, of which there is rarely a second one. */
  take(): SortedPairs[] {
    const runs = this.#runs
    this.#runs = []
    this.size = 0
    return runs.map(({ from, packed }) => sorted(from, packed))
  }
}

function sorted(from: number, packed: readonly number[]): SortedPairs {
  const pairs = Float64Array.from(packed).sort()
  return {
    size: pairs.length,
    first: (i) => Math.floor(pairs[i]! / SECONDS),
    second: (i) => from + (pairs[i]! % SECONDS),
  }
}

/** Typed arrays that grow by doubling. A million entries stay a few plain blocks of memory, which the collector never walks. */
export function grown<A extends Float64Array | Int32Array | Uint32Array | Uint8Array>(array: A, needed: number): A {
  if (needed <= array.length) return array
  const larger = new (array.constructor as new (length: number) => A)(Math.max(needed, array.length * 2))
  larger.set(array)
  return larger
}

export const NONE = -1

/**
 * Many small heaps in two arrays: node `i` of any heap has its children at `left[i]` and `right[i]`. A skew heap needs no
 * sizes and no balance, so a lane with one event costs nothing and one with 100,000 costs log n, amortised.
 */
export class SkewHeaps {
  #left = new Int32Array(1024)
  #right = new Int32Array(1024)
  readonly #before: (a: number, b: number) => boolean

  constructor(before: (a: number, b: number) => boolean) {
    this.#before = before
  }

  /** The new root of `root` with the single node added. */
  push(root: number, node: number): number {
    this.#left = grown(this.#left, node + 1)
    this.#right = grown(this.#right, node + 1)
    this.#left[node] = NONE
    this.#right[node] = NONE
    return this.#merge(root, node)
  }

  /** The new root once the old one is gone. */
  pop(root: number): number {
    return this.#merge(this.#left[root]!, this.#right[root]!)
  }

  /** Every node of a heap, in no order. */
  *nodes(root: number): Generator<number> {
    const open = root === NONE ? [] : [root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (this.#left[node] !== NONE) open.push(this.#left[node]!)
      if (this.#right[node] !== NONE) open.push(this.#right[node]!)
      yield node
    }
  }

  /** The new root once some nodes are gone, wherever they stood; linear, for what operators do. */
  without(root: number, gone: ReadonlySet<number>): number {
    let rebuilt: number = NONE
    for (const node of [...this.nodes(root)]) if (!gone.has(node)) rebuilt = this.push(rebuilt, node)
    return rebuilt
  }

  #merge(a: number, b: number): number {
    let root = NONE
    let parent = NONE
    while (a !== NONE && b !== NONE) {
      if (this.#before(b, a)) [a, b] = [b, a]
      if (parent === NONE) root = a
      else this.#left[parent] = a
      // The right spine is merged and turned to the left: that is what keeps it short on average.
      const rest = this.#right[a]!
      this.#right[a] = this.#left[a]!
      parent = a
      a = rest
    }
    const last = a === NONE ? b : a
    if (parent === NONE) return last
    this.#left[parent] = last
    return root
  }
}

/** Values by due time, earliest first. */
export class DueHeap {
  #at: number[] = []
  #value: number[] = []

  get size(): number {
    return this.#at.length
  }

  nextAt(): number {
    return this.#at[0] ?? Number.POSITIVE_INFINITY
  }

  push(at: number, value: number): void {
    let hole = this.#at.length
    this.#at.push(at)
    this.#value.push(value)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (this.#at[parent]! <= at) break
      this.#move(parent, hole)
      hole = parent
    }
    this.#put(hole, at, value)
  }

  /** The earliest value; undefined when there is none. */
  pop(): number | undefined {
    const first = this.#value[0]
    const at = this.#at.pop()
    const value = this.#value.pop()
    if (at === undefined || value === undefined || this.#at.length === 0) return first
    let hole = 0
    for (let child = 1; child < this.#at.length; child = 2 * hole + 1) {
      if (child + 1 < this.#at.length && this.#at[child + 1]! < this.#at[child]!) child++
      if (this.#at[child]! >= at) break
      this.#move(child, hole)
      hole = child
    }
    this.#put(hole, at, value)
    return first
  }

  /** Keeps what `stays`; linear, for what operators do. */
  filter(stays: (value: number) => boolean): void {
    const kept = this.#value.map((value, i) => ({ at: this.#at[i]!, value })).filter(({ value }) => stays(value))
    kept.sort((a, b) => a.at - b.at)
    this.#at = kept.map(({ at }) => at)
    this.#value = kept.map(({ value }) => value)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#at[from]!, this.#value[from]!)
  }

  #put(place: number, at: number, value: number): void {
    this.#at[place] = at
    this.#value[place] = value
  }
}

/** Circular lists over small numbers; a number is in at most one list. Taking from the front and adding to the back is a turn. */
export class Rings {
  #next = new Int32Array(1024)
  #previous = new Int32Array(1024)
  readonly #first: number[] = []

  first(ring: number): number {
    return this.#first[ring] ?? NONE
  }

  append(ring: number, node: number): void {
    this.#next = grown(this.#next, node + 1)
    this.#previous = grown(this.#previous, node + 1)
    const first = this.first(ring)
    const before = first === NONE ? node : this.#previous[first]!
    const after = first === NONE ? node : first
    this.#next[node] = after
    this.#previous[node] = before
    this.#next[before] = node
    this.#previous[after] = node
    if (first === NONE) this.#first[ring] = node
  }

  remove(ring: number, node: number): void {
    const next = this.#next[node]!
    const previous = this.#previous[node]!
    this.#next[previous] = next
    this.#previous[next] = previous
    if (this.first(ring) === node) this.#first[ring] = next === node ? NONE : next
  }

  /** The first goes to the back. */
  turn(ring: number): void {
    const first = this.first(ring)
    if (first !== NONE) this.#first[ring] = this.#next[first]!
  }
}

/** Things to come, earliest first; of one instant, in the order in which they were noted. */
export interface Agenda<V> {
  readonly size: number
  note(at: number, value: V): void
  /** When the earliest is due, or null when nothing is noted. */
  next(): number | null
  take(): V | undefined
}

interface Entry<V> {
  readonly at: number
  readonly order: number
  readonly value: V
}

export function createAgenda<V>(): Agenda<V> {
  const heap: Entry<V>[] = []
  let order = 0
  return {
    get size() {
      return heap.length
    },
    note(at, value) {
      heap.push({ at, order: order++, value })
      rise(heap)
    },
    next: () => heap[0]?.at ?? null,
    take() {
      const first = heap[0]
      const last = heap.pop()
      if (last && heap.length > 0) {
        heap[0] = last
        sink(heap)
      }
      return first?.value
    },
  }
}

function rise<V>(heap: Entry<V>[]): void {
  let child = heap.length - 1
  while (child > 0) {
    const parent = (child - 1) >> 1
    if (!before(heap[child]!, heap[parent]!)) return
    swap(heap, child, parent)
    child = parent
  }
}

function sink<V>(heap: Entry<V>[]): void {
  for (let parent = 0; ; ) {
    const left = 2 * parent + 1
    if (left >= heap.length) return
    const least = left + 1 < heap.length && before(heap[left + 1]!, heap[left]!) ? left + 1 : left
    if (!before(heap[least]!, heap[parent]!)) return
    swap(heap, least, parent)
    parent = least
  }
}

const before = (one: Entry<unknown>, other: Entry<unknown>): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

function swap<V>(heap: Entry<V>[], one: number, other: number): void {
  const kept = heap[one]!
  heap[one] = heap[other]!
  heap[other] = kept
}

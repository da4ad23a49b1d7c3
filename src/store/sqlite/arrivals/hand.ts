import { failure } from '../../../core/errors.ts'
import type { Event } from '../../../core/event.ts'
import { Fifo } from '../../fifo.ts'
import { fromFacts } from '../envelopes.ts'
import { folderOf, type Place } from './place.ts'
import type { Progress } from './progress.ts'
import { SegmentReader } from './reader.ts'

const BYTES_MAX = 4 * 1024 * 1024
/** About what an event takes beside its body. */
const FACTS_BYTES = 1024

/**
 * Events that were taken a moment ago, in the thread that took them: most are worked right after, and then their bodies need not
 * travel between the threads. Nothing is kept until somebody leases, nor while much waits before it.
 */
export class Hand {
  readonly #progress: Progress
  readonly #reader: SegmentReader
  readonly #events = new Map<Place, Event>()
  /** In the order of arrival; some are gone already. */
  #order = new Fifo<Place>()
  #bytes = 0
  #wanted = false

  constructor(ledger: string, progress: Progress) {
    this.#progress = progress
    this.#reader = new SegmentReader(folderOf(ledger))
    progress.floor = Number.MAX_SAFE_INTEGER
  }

  /** From here on what is added is kept. */
  want(): void {
    this.#wanted = true
  }

  add(places: readonly Place[], events: readonly Event[]): void {
    if (!this.#wanted) return
    if (!this.#progress.soon) return this.#drop()
    for (const [i, place] of places.entries()) {
      if (this.#order.size === 0) this.#progress.floor = place
      this.#order.push(place)
      this.#events.set(place, events[i]!)
      this.#bytes += bytesOf(events[i]!)
    }
    if (this.#bytes > BYTES_MAX || this.#order.size > 2 * this.#events.size + 1024) this.#shrink()
  }

  /** The event that lies at that place: from memory, or from the disk if it is not there any more. */
  take(place: Place): Event {
    const event = this.#forget(place)
    if (event) return event
    const frame = this.#reader.frame(place)
    if (!frame) throw failure('store_failed', { what: 'a body is missing' })
    return fromFacts(frame.facts, frame.body)
  }

  close(): void {
    this.#reader.close()
  }

  #forget(place: Place): Event | undefined {
    const event = this.#events.get(place)
    if (!event) return undefined
    this.#events.delete(place)
    this.#bytes -= bytesOf(event)
    return event
  }

  #drop(): void {
    if (this.#order.size === 0) return
    this.#progress.floor = Number.MAX_SAFE_INTEGER
    this.#order = new Fifo()
    this.#events.clear()
    this.#bytes = 0
  }

  /** The oldest go, and the floor rises above them. */
  #shrink(): void {
    while (this.#bytes > BYTES_MAX / 2 || this.#order.size > 2 * this.#events.size + 1024)
      this.#forget(this.#order.shift()!)
    this.#progress.floor = this.#order.peek() ?? Number.MAX_SAFE_INTEGER
  }
}

const bytesOf = ({ body }: Event): number => FACTS_BYTES + body.byteLength

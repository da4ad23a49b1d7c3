import { failure } from '../../../core/errors.ts'
import type { Event } from '../../../core/event.ts'
import { Fifo } from '../../fifo.ts'
import { fromFacts } from '../envelopes.ts'
import type { Frame } from './frame.ts'
import { folderOf, type Place } from './place.ts'
import type { Progress } from './progress.ts'
import { after, FrameStream, SegmentReader } from './reader.ts'

const BYTES_MAX = 4 * 1024 * 1024
/** About what an event takes beside its body. */
const FACTS_BYTES = 1024
/** What waited long is worked mostly in the order in which it came: so much is read at once, of which the next are a part. */
const NEAR_BYTES = 65_536

/**
 * Events that were taken a moment ago, in the thread that took them: most are worked right after, and then their bodies need not
 * travel between the threads. Nothing is kept until somebody leases, nor while much waits before it.
 */
export class Hand {
  readonly #progress: Progress
  readonly #reader: SegmentReader
  readonly #stream: FrameStream
  #last: Place = 0
  readonly #events = new Map<Place, Event>()
  /** In the order of arrival; some are gone already. */
  #order = new Fifo<Place>()
  #bytes = 0
  #wanted = false

  constructor(ledger: string, progress: Progress) {
    this.#progress = progress
    this.#reader = new SegmentReader(folderOf(ledger))
    this.#stream = new FrameStream(this.#reader, NEAR_BYTES)
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
    const frame = this.read(place)
    if (!frame) throw failure('store_failed', { what: 'a body is missing' })
    return fromFacts(frame.facts, frame.body)
  }

  /** What lies there on the disk, with bytes of its own; null where it is gone or damaged. */
  read(place: Place): Frame | null {
    const near = place >= this.#last && place < this.#last + NEAR_BYTES
    const frame = near ? this.#stream.at(place, Number.POSITIVE_INFINITY, false) : this.#reader.frame(place)
    this.#last = frame ? after(place, frame.bytes) : 0
    return frame && near ? { ...frame, body: Uint8Array.from(frame.body) } : frame
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

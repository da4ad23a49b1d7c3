import { Bell } from '../../../core/bell.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Envelope } from '../../../core/event.ts'
import { storeFailed } from '../failed.ts'
import { roomFor, writeFrame } from './frame.ts'
import { type Place, placeOf } from './place.ts'
import type { Progress } from './progress.ts'
import { Segment } from './segment.ts'

/** A segment is closed at this size or age: what is past retention is deleted by whole segments. */
const SEGMENT_BYTES = 128 * 1024 * 1024
const SEGMENT_MS = 86_400_000

interface Batch {
  readonly segment: Segment
  /** Where it ends, and where it began. */
  readonly to: number
  readonly from: number
  resolve(): void
  reject(error: unknown): void
}

/**
 * Where events are written first, and their bodies stay: files that only grow, synced by groups. It is one write and one sync in
 * the thread that answers Stripe; the writer reads the files behind it and decides what each event is.
 */
export class ArrivalsLog {
  readonly #folder: string
  readonly #clock: Clock
  readonly #progress: Progress
  /** Tells the writer, who sleeps, that there is more. */
  readonly #rouse: () => void
  #number: number
  #current: Segment | null = null
  #next: Promise<Segment> | null = null
  #waiting: Batch[] = []
  #syncing: readonly Batch[] = []
  #scratch = Buffer.allocUnsafeSlow(0)
  #appends = 0
  readonly #idle = new Bell()
  #cancel: () => void

  constructor(folder: string, options: { first: number; progress: Progress; clock: Clock; rouse: () => void }) {
    this.#folder = folder
    this.#number = options.first - 1
    this.#progress = options.progress
    this.#clock = options.clock
    this.#rouse = options.rouse
    this.#cancel = this.#watchAge()
  }

  /**
   * Writes them, at once once there is a segment; gives their places, and what resolves when they are on the disk. Rejects with
   * `store_failed`, and then none of them is there.
   */
  async append(events: readonly Envelope[], written: (places: readonly Place[]) => void): Promise<void> {
    this.#appends++
    try {
      await this.#append(events, written)
    } finally {
      if (--this.#appends === 0) this.#idle.ring()
    }
  }

  async #append(events: readonly Envelope[], written: (places: readonly Place[]) => void): Promise<void> {
    // Whoever waited for the same segment may have left it already.
    while (!this.#current) await this.#open()
    const segment = this.#current
    const from = segment.size
    const places = this.#write(segment, events)
    written(places)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ segment, from, to: segment.size, resolve, reject })
      if (this.#syncing.length === 0) this.#sync()
    })
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#cancel()
    if (this.#appends > 0) await this.#idle.next()
    this.#leave()
  }

  #write(segment: Segment, events: readonly Envelope[]): Place[] {
    const room = roomFor(events)
    if (room > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(room)
    const now = this.#clock.now()
    let end = 0
    const places = events.map((event) => {
      const place = placeOf(segment.number, segment.size + end)
      end = writeFrame(this.#scratch, end, event, now)
      return place
    })
    try {
      segment.write(this.#scratch.subarray(0, end))
    } catch (error) {
      if (segment.spoilt) this.#leave()
      throw storeFailed(error)
    }
    return places
  }

  async #open(): Promise<void> {
    this.#next ??= Segment.create(this.#folder, ++this.#number, this.#clock.now())
    try {
      const segment = await this.#next
      this.#current ??= segment
    } catch (error) {
      this.#next = null
      throw storeFailed(error)
    } finally {
      this.#progress.active = this.#number
      if (this.#current) this.#next = null
    }
  }

  /** One sync at a time, of one segment; what is written meanwhile shares the next. */
  #sync(): void {
    const { segment } = this.#waiting[0]!
    const other = this.#waiting.findIndex((batch) => batch.segment !== segment)
    const batches = (this.#syncing = this.#waiting.splice(0, other < 0 ? this.#waiting.length : other))
    segment.sync((error) => {
      this.#syncing = []
      if (error) this.#failed(segment, batches, error)
      else this.#synced(segment, batches)
      this.#close(segment)
      if (this.#waiting.length > 0) this.#sync()
    })
  }

  #synced(segment: Segment, batches: readonly Batch[]): void {
    this.#progress.end = placeOf(segment.number, batches.at(-1)!.to)
    if (this.#progress.rouse()) this.#rouse()
    for (const { resolve } of batches) resolve()
    if (segment !== this.#current) return
    if (segment.size > SEGMENT_BYTES && this.#waiting.length === 0) this.#leave()
  }

  /** Nobody can say what the disk has of it: what was not answered is taken out, and the next events go elsewhere. */
  #failed(segment: Segment, batches: readonly Batch[], error: Error): void {
    const of = this.#waiting.filter((batch) => batch.segment === segment)
    this.#waiting = this.#waiting.filter((batch) => batch.segment !== segment)
    segment.cut(batches[0]!.from)
    if (segment === this.#current) this.#leave()
    const failed = storeFailed(error)
    for (const { reject } of [...batches, ...of]) reject(failed)
  }

  /** The next events begin a segment of their own. */
  #leave(): void {
    const segment = this.#current
    this.#current = null
    this.#progress.active = 0
    if (segment) this.#close(segment)
  }

  /** Once it was left and nothing of it waits for the disk. */
  #close(segment: Segment): void {
    const waits = [...this.#syncing, ...this.#waiting].some((batch) => batch.segment === segment)
    if (segment !== this.#current && !waits) segment.close()
  }

  #watchAge(): () => void {
    let cancel = () => {}
    const look = () => {
      const old = this.#current && this.#clock.now() - this.#current.openedAt > SEGMENT_MS
      if (old && this.#syncing.length === 0) this.#leave()
      cancel = this.#clock.after(SEGMENT_MS / 24, look)
    }
    look()
    return () => cancel()
  }
}

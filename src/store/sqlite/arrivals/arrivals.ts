import { rmSync } from 'node:fs'
import type { Logger } from '../../../core/service.ts'
import type { Frame } from './frame.ts'
import { fileOf, folderOf, offsetOf, type Place, placeOf, segmentOf, segmentsIn } from './place.ts'
import type { Progress } from './progress.ts'
import { after, FrameStream, SegmentReader } from './reader.ts'

/** The writer's side: what arrived and is not in the ledger yet, one after another, and the bodies of all that is. */
export class Arrivals {
  readonly #folder: string
  readonly #progress: Progress
  readonly #log: Logger
  readonly #reader: SegmentReader
  readonly #stream: FrameStream
  /** All that was there at the start, which nobody has looked at yet, ends here. */
  #left: Place
  #at: Place = 0
  readonly #passedOver = new Set<Place>()

  constructor(ledger: string, progress: Progress, log: Logger) {
    this.#folder = folderOf(ledger)
    this.#progress = progress
    this.#log = log
    this.#reader = new SegmentReader(this.#folder)
    this.#stream = new FrameStream(this.#reader)
    const last = segmentsIn(this.#folder).at(-1) ?? 0
    this.#left = placeOf(last, this.#reader.size(last))
  }

  /** What is behind this place is in the ledger. */
  begin(at: Place): void {
    this.#at = Math.max(at, placeOf(segmentsIn(this.#folder)[0] ?? 0, 0))
  }

  /** Where the frame ends that lies at a place, or its segment where it cannot be read. */
  behind(place: Place): Place {
    const frame = this.#reader.frame(place)
    return frame ? after(place, frame.bytes) : placeOf(segmentOf(place) + 1, 0)
  }

  get at(): Place {
    return this.#at
  }

  /** Up to where there is something to read by now. */
  get end(): Place {
    return Math.max(this.#left, this.#progress.end)
  }

  /** The next frame, with its place; null once all are read. It is good until the next call. */
  next(): { place: Place; frame: Frame } | null {
    for (const end = this.end; this.#at < end; ) {
      const place = this.#at
      const whole = segmentOf(place) < segmentOf(end)
      const to = whole ? placeOf(segmentOf(place), this.#reader.size(segmentOf(place))) : end
      const frame = place < to ? this.#stream.at(place, to, place >= this.#left) : null
      if (frame) {
        this.#at = after(place, frame.bytes)
        return { place, frame }
      }
      this.#pass(place, to, whole ? this.#following(place) : end)
    }
    return null
  }

  /** From here on what lies there is not taken in: that it cannot be was seen. */
  passOver(place: Place): void {
    this.#passedOver.add(place)
    const at = { file: fileOf(this.#folder, segmentOf(place)), at: offsetOf(place) }
    this.#log.error(at, 'an event cannot be taken into the ledger; it is kept as a stray')
  }

  passedOver(place: Place): boolean {
    return this.#passedOver.has(place)
  }

  /** True when there is nothing to read; whoever adds something calls then. */
  sleep(): boolean {
    this.#progress.sleep()
    return this.#at >= this.end || !this.#progress.rouse()
  }

  /** Whether what arrives is worked so soon that the thread that takes it should keep it. */
  keptUp(soon: boolean): void {
    this.#progress.soon = soon
  }

  /** Does the thread that took it still have it? */
  held(place: Place): boolean {
    return place >= this.#progress.floor
  }

  body(place: Place): Uint8Array | null {
    return this.#reader.frame(place)?.body ?? null
  }

  /** May still grow, or has not been read to its end. */
  live(segment: number): boolean {
    return segment === this.#progress.active || segment >= segmentOf(this.#at)
  }

  /** The oldest segment that is of no more use: read to its end, last written before that, and not one of those that are used. */
  useless(before: number, used: (segment: number) => boolean): number | undefined {
    return segmentsIn(this.#folder).find(
      (segment) => !used(segment) && !this.live(segment) && this.#reader.writtenAt(segment) < before,
    )
  }

  remove(segment: number): void {
    this.#reader.close(segment)
    rmSync(fileOf(this.#folder, segment), { force: true })
  }

  close(): void {
    this.#reader.close()
  }

  /** The number of the next segment to come: above all that there ever were. */
  get following(): number {
    const unbegun = offsetOf(this.#at) === 0 ? segmentOf(this.#at) : segmentOf(this.#at) + 1
    return Math.max((segmentsIn(this.#folder).at(-1) ?? 0) + 1, unbegun)
  }

  #following(place: Place): Place {
    const next = segmentsIn(this.#folder).find((segment) => segment > segmentOf(place))
    return next === undefined ? this.end : placeOf(next, 0)
  }

  /** What a crash tore was never answered. */
  #pass(place: Place, to: Place, next: Place): void {
    if (to > place) {
      const file = fileOf(this.#folder, segmentOf(place))
      this.#log.warn(
        { file, at: offsetOf(place), bytes: to - place },
        'the end of a segment is torn and is passed over',
      )
    }
    this.#at = next
  }
}

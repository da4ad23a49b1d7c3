import type { DatabaseSync } from 'node:sqlite'
import type { Ref } from '../store.ts'
import type { Arrivals } from './arrivals/arrivals.ts'
import { type Place, segmentOf } from './arrivals/place.ts'

/** The bodies of events, wherever they lie: in the segment where they arrived, or in a table of their own. */
export class Bodies {
  readonly #arrivals: Arrivals | null
  /** The segments that are still there. */
  readonly #segments: Set<number>
  readonly #insert
  readonly #select
  readonly #has
  readonly #place
  readonly #begin
  readonly #moved
  readonly #mark

  constructor(db: DatabaseSync, arrivals: Arrivals | null) {
    this.#arrivals = arrivals
    this.#insert = db.prepare('insert into hookkeeper_bodies (seq, body) values (?, ?)')
    this.#select = db.prepare('select body from hookkeeper_bodies where seq = ?')
    this.#has = db.prepare('select 1 from hookkeeper_bodies where seq = ?')
    this.#place = db.prepare('select place from hookkeeper_events where seq = ?')
    this.#begin = db.prepare('insert or ignore into hookkeeper_segments (number, first) values (?, ?)')
    this.#moved = db.prepare('update hookkeeper_events set place = null where seq = ?')
    this.#mark = db.prepare(
      "insert into hookkeeper_marks (name, value) values ('segment', ?) on conflict (name) do update set value = excluded.value",
    )
    const numbers = db.prepare('select number from hookkeeper_segments').all()
    this.#segments = new Set(numbers.map((row) => Number(row['number'])))
  }

  /** A body that lies in no segment. */
  keep(ref: Ref, body: Uint8Array): void {
    this.#insert.run(ref, body)
  }

  /** Notes where the body of a new event lies. */
  lies(ref: Ref, place: Place): void {
    const segment = segmentOf(place)
    if (this.#segments.has(segment)) return
    this.#segments.add(segment)
    this.#begin.run(segment, ref)
    this.#mark.run(segment)
  }

  read(ref: Ref, place: Place | null = this.#placeOf(ref)): Uint8Array | null {
    if (this.inSegment(place)) return this.#arrivals!.body(place)
    return (this.#select.get(ref)?.['body'] as Uint8Array | undefined) ?? null
  }

  has(ref: Ref, place: Place | null = this.#placeOf(ref)): boolean {
    return this.inSegment(place) || this.#has.get(ref) !== undefined
  }

  /** Does whoever took the event still have it in memory? Then its body need not be read. */
  held(place: Place | null): place is Place {
    return this.inSegment(place) && this.#arrivals!.held(place)
  }

  /** Out of its segment into the table, so that the segment can go. */
  move(ref: Ref): void {
    const place = this.#placeOf(ref)
    const body = this.inSegment(place) ? this.#arrivals!.body(place) : null
    if (body) this.keep(ref, body)
    this.#moved.run(ref)
  }

  /** Do bodies of events lie in it? */
  lieIn(segment: number): boolean {
    return this.#segments.has(segment)
  }

  /** The segment is no more. */
  forget(segment: number): void {
    this.#segments.delete(segment)
  }

  /** Does it lie in a segment that is still there? */
  inSegment(place: Place | null): place is Place {
    return place !== null && this.#arrivals !== null && this.#segments.has(segmentOf(place))
  }

  #placeOf(ref: Ref): Place | null {
    return (this.#place.get(ref)?.['place'] as number | null | undefined) ?? null
  }
}

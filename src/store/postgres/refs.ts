import { hash53 } from '../hash.ts'
import type { Ref } from '../store.ts'
import { numbers, smalls } from './arrays.ts'

/** Lanes fall into so many buckets. The schema has one row and one sequence for each: never another number. */
export const BUCKETS = 16
const ARRIVALS = 2 ** 34
const DAY_MS = 86_400_000

/** Where an event's rows are: each part of a key or a partition. */
export interface Place {
  /** Of `created`, in days since 1970. */
  readonly day: number
  readonly bucket: number
  /** Arrival within the bucket. */
  readonly n: number
}

/** 15 bits of day (until 2059), 4 of bucket, 34 of arrival: one number that leads to a row without an index of its own. */
export const refOf = ({ day, bucket, n }: Place): Ref => (day * BUCKETS + bucket) * ARRIVALS + n

export function placeOf(ref: Ref): Place {
  const head = Math.floor(ref / ARRIVALS)
  return { day: Math.floor(head / BUCKETS), bucket: head % BUCKETS, n: ref % ARRIVALS }
}

export const dayOf = (instant: number): number => Math.floor(instant / DAY_MS)

export const bucketOf = (lane: string): number => hash53(lane) % BUCKETS

/** As parameters: their buckets, and their arrivals within those. */
export function placed(refs: readonly Ref[]): [Buffer, Buffer] {
  const places = refs.map(placeOf)
  return [smalls(places.map(({ bucket }) => bucket)), numbers(places.map(({ n }) => n))]
}

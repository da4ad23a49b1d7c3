import { hasCode } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import { viaCode } from '../codes.ts'
import { tooFarAway } from '../created.ts'
import { hash53 } from '../hash.ts'
import { positionOf, urgencyCode } from '../place.ts'
import type { Admitted, Ref } from '../store.ts'
import { ADMIT, ADMIT_LEASED } from './admission.ts'
import { bytes, flags, numbers, smalls, texts } from './arrays.ts'
import type { Birth, Expected } from './births.ts'
import { codeOf, type Sql } from './driver.ts'
import type { Admission } from './newcomers.ts'
import type { Partitions } from './partitions.ts'
import { bucketOf, dayOf, refOf } from './refs.ts'
import { tenantText } from './tenants.ts'

/** An event that was just admitted, as whoever leases it next would read it. */
export interface Newcomer {
  readonly ref: Ref
  readonly event: Envelope
  readonly lane: string
  readonly arrived: number
  /** No event of its object came before. */
  readonly first: boolean
  /** Of its transaction. */
  readonly tx: string
  /** It is leased already. */
  readonly birth: Birth | null
}

interface Deps {
  readonly sql: Sql
  readonly partitions: Partitions
  readonly arrival: Arrival
  /** Who works, and may have some of it at once. */
  readonly desk: {
    expect(events: readonly Envelope[]): Expected | null
    /** Of the admission that it was told to expect, whatever became of that. */
    came(newcomers: readonly Newcomer[], admission: Admission): void
  }
  /** As a holder of leases. */
  readonly id: string
  now(): number
}

/** Records events: id, body, row, place in the lane, in one statement. Resolves to the answers, and to who is new. */
export async function admit(deps: Deps, events: readonly Envelope[]) {
  const now = deps.now()
  const batch = new Batch(events, now, deps.arrival)
  if (batch.fresh.length > 0) {
    await deps.partitions.ready(batch.fresh.map(({ createdAt }) => dayOf(createdAt)))
    const expected = deps.desk.expect(batch.fresh)
    try {
      const asked = expected
        ? leasing(batch, { now, id: deps.id, expected })
        : { text: ADMIT, values: [...batch.values(now), deps.id] }
      for (const row of await insert(deps, asked)) batch.place(row, expected)
    } finally {
      deps.desk.came(batch.newcomers, { expected, alone: batch.alone, all: batch.all })
    }
  }
  return { answers: batch.answers, newcomers: batch.newcomers }
}

/** The same, and leases beside it. */
function leasing(batch: Batch, { now, id, expected }: { now: number; id: string; expected: Expected }): Asked {
  const { births, claim, at, holdings } = expected
  const { worker, release } = claim.call.want
  const leases = [
    numbers(batch.fresh.map((event) => births.get(event)?.endsAt ?? null)),
    numbers(batch.fresh.map((event) => births.get(event)?.fence ?? null)),
    ...[worker, release, at],
    smalls(holdings.map(({ bucket }) => bucket)),
    numbers(holdings.map(({ epoch }) => epoch)),
  ]
  return { text: ADMIT_LEASED, values: [...batch.values(now), id, ...leases] }
}

interface Asked {
  readonly text: string
  readonly values: readonly unknown[]
}

/** What another process dropped between our look and the write is made again. */
async function insert({ sql, partitions }: Deps, { text, values }: Asked): Promise<Placed[]> {
  try {
    return await sql.again<Placed>(text, values)
  } catch (error) {
    // 23514: no partition of the table takes the row.
    if (!hasCode(error, 'store_failed') || codeOf(error) !== '23514') throw error
    partitions.forget()
    throw error
  }
}

interface Placed {
  readonly ord: number
  readonly bucket: number
  readonly n: number
  readonly lane: string
  readonly first: boolean
  /** It waits for somebody's word, whatever it came as. */
  readonly held: boolean
  readonly leased: boolean
  /** Nobody else may have admitted something. */
  readonly alone: boolean
  readonly tx: string
}

/** The same id twice in one batch is a repeat the second time; ids go in sorted, or two batches could wait for one another. */
class Batch {
  readonly answers: Admitted[]
  readonly newcomers: Newcomer[] = []
  readonly fresh: readonly Envelope[]
  alone = true
  #placed = 0
  readonly #at: number[] = []
  readonly #arrived: number[] = []

  constructor(events: readonly Envelope[], now: number, arrival: Arrival) {
    const known = new Set<string>()
    this.answers = events.map((event, i) => {
      if (tooFarAway(event, now)) return 'refused'
      const key = `${event.id} ${tenantText(event.tenant)}`
      if (!known.has(key)) this.#at.push(i)
      known.add(key)
      return 'repeat'
    })
    this.#arrived = this.#at.map(() => arrival.next(now))
    this.fresh = this.#at.map((i) => events[i]!)
  }

  get all(): boolean {
    return this.#placed === this.fresh.length
  }

  values(now: number): unknown[] {
    const of = this.fresh
    return [
      smalls(of.map(({ createdAt }) => dayOf(createdAt))),
      texts(of.map(({ id }) => id)),
      texts(of.map(({ tenant }) => tenantText(tenant))),
      texts(of.map(({ type }) => type)),
      texts(of.map(({ apiVersion }) => apiVersion)),
      texts(of.map(({ endpoint }) => endpoint)),
      smalls(of.map(({ via }) => viaCode(via))),
      numbers(of.map(({ createdAt }) => createdAt)),
      texts(of.map(({ lane }) => lane)),
      texts(of.map(({ object }) => object)),
      texts(of.map(({ customer }) => customer)),
      smalls(of.map(({ rank }) => rank)),
      smalls(of.map(({ urgency }) => urgencyCode(urgency))),
      texts(of.map(({ as }) => as)),
      numbers(this.#arrived),
      smalls(of.map(({ lane }) => bucketOf(lane))),
      numbers(of.map(({ lane }) => hash53(lane))),
      numbers(of.map(positionOf)),
      bytes(of.map(({ body }) => body)),
      now,
      flags(leading(of)),
    ]
  }

  place({ ord, bucket, n, lane, first, held, leased, alone, tx }: Placed, expected: Expected | null): void {
    const came = this.fresh[ord - 1]!
    const event = held ? { ...came, as: 'hold' as const } : came
    this.answers[this.#at[ord - 1]!] = 'new'
    this.alone = alone
    this.#placed++
    if (event.as === 'record') return
    const ref = refOf({ day: dayOf(event.createdAt), bucket, n })
    const birth = (leased && expected?.births.get(came)) || null
    this.newcomers.push({ ref, event, lane, arrived: this.#arrived[ord - 1]!, first, tx, birth })
  }
}

/** Which of them are the first of their object. */
function leading(events: readonly Envelope[]): boolean[] {
  const known = new Set<string>()
  return events.map(({ object, tenant }) => {
    const key = `${object} ${tenantText(tenant)}`
    const first = object !== null && !known.has(key)
    known.add(key)
    return first
  })
}

/** Microseconds that rise within a process: the order of arrival, also within a millisecond. */
export class Arrival {
  #latest = 0

  next(now: number): number {
    this.#latest = Math.max(this.#latest + 1, now * 1000)
    return this.#latest
  }
}

import { steadyClock } from '../../core/clock.ts'
import type { Backlog } from '../store.ts'
import type { Holding } from './draft.ts'
import type { Sql } from './driver.ts'
import { BEAT, type Bucket, type Heard, type Missing, STRIKE, TAKE } from './members.ts'
import type { Presence, Session } from './presence.ts'
import { BUCKETS } from './refs.ts'
import type { Told } from './time.ts'

/** Who has not been heard of for so long has ended: its buckets may be taken, its leases are lost. */
const SILENT_MS = 6_000
/** Whose connection is gone and who has said nothing for so long since we noticed has ended too: one that lives says so at once. */
const MISSING_MS = 1_000
/** When we say the next time that we live. */
const BEAT_MS = 2_000
/** Where there is work, whoever was killed is to be noticed soon. */
const BUSY_MS = 500
/** Somebody has less than a fair share and nothing is free yet, or may have ended. */
const HUNGRY_MS = 250
/** How many fences an owner has in hand. */
export const FENCES = 100_000
const ADMITS_MS = 600_000
const ADMITS = { admits: true }
/** Buckets taken at once: each is loaded whole before it is worked. */
const TAKEN_AT_ONCE_MAX = 4

/** Who has been silent for half as long as that says that he is there before he admits something. */
const STALE_MS = SILENT_MS / 2
/** A bucket that is ours, and the fences that are. */
interface Seat extends Holding {
  fence: number
  fenceMax: number
}

/** What others read of us. */
interface Said {
  readonly at: number
  readonly works: boolean
  readonly session: Session | null
  readonly counts: object
}

type Buckets = ReadonlyMap<number, Bucket>

interface SeatsOptions {
  readonly id: string
  readonly name: string
  readonly presence: Presence
  /** The server's clock, with each beat. */
  told(told: Told): void
}

export interface Rota {
  /** Buckets that were ours and are no longer. */
  readonly lost: readonly number[]
  readonly taken: readonly number[]
  /** Until the next beat. */
  readonly restMs: number
}

/**
 * Which buckets this process owns. Those who work share them evenly: who has too many gives up some, who has too few takes what is
 * free or whose owner has fallen silent. Nothing rests on this being right at every moment: what makes a lease safe is that it
 * names the epoch of its bucket.
 */
export class Seats {
  readonly #sql: Sql
  readonly #id: string
  readonly #name: string
  readonly #presence: Presence
  readonly #told: SeatsOptions['told']
  readonly #missing = new Map<string, { readonly seen: string; readonly at: number }>()
  readonly #seats = new Map<number, Seat>()
  /** Were ours, and nobody was told yet that they no longer are. */
  readonly #lost = new Set<number>()
  #members = new Set<string>()
  #joined = false
  #said: Said | null = null
  works = false
  /** Since the server was away: nobody could be heard for so long, and who is alive has until then to say so. */
  #deaf = { forMs: 0, until: Number.NEGATIVE_INFINITY }
  /** Nobody else was heard of who may admit something. Whoever came since is heard of by the next admission. */
  alone = false

  constructor(sql: Sql, { id, name, presence, told }: SeatsOptions) {
    this.#sql = sql
    this.#id = id
    this.#name = name
    this.#presence = presence
    this.#told = told
  }

  get holdings(): readonly Holding[] {
    return [...this.#seats.values()]
  }

  owns(bucket: number): boolean {
    return this.#seats.has(bucket)
  }

  /** Is that member still heard of? */
  lives(id: string | null): boolean {
    return id !== null && this.#members.has(id)
  }

  /** One more than any before it in this bucket; null when none is left in hand. */
  fence(bucket: number): number | null {
    const seat = this.#seats.get(bucket)
    return seat && seat.fence < seat.fenceMax ? ++seat.fence : null
  }

  get worn(): boolean {
    return [...this.#seats.values()].some(({ fence, fenceMax }) => fenceMax - fence < FENCES / 4)
  }

  /**
   * It is about to admit: whoever works looks for what others admit before its own, as long as it knows of them. Who works says so by
   * its beats, but one that was frozen, or whose connection broke, may have been taken for ended; the others say so now and then.
   * `now`: as for `beat`.
   */
  async admits(now: number): Promise<void> {
    if (this.#counted(now)) return
    await this.#say(this.works ? (this.#said?.counts ?? {}) : ADMITS, now)
  }

  #counted(now: number): boolean {
    if (!this.#said) return false
    const { at, works, session, counts } = this.#said
    if (works) return now - at < STALE_MS && session === this.#presence.session
    return counts === ADMITS && now - at < ADMITS_MS
  }

  /** Says that we live and what waits with us, hears who else lives, and evens out. `now`: by a clock of this process. */
  async beat(counts: Backlog | null, now: number): Promise<Rota> {
    // Whoever works for no more than a moment need not hold a connection for it.
    if (this.works && this.#seats.size > 0) this.#presence.begin()
    const { members, workers, buckets, missing } = await this.#say(counts ?? {}, now)
    this.#members = new Set(members)
    await this.#strike(missing, now)
    for (const { bucket, epoch } of this.holdings) if (buckets.get(bucket)?.epoch !== epoch) this.#lose(bucket)
    const share = this.works ? Math.ceil(BUCKETS / Math.max(1, workers)) : 0
    await this.#giveUp(share, buckets)
    const wanted = Math.min(share - this.#seats.size, TAKEN_AT_ONCE_MAX)
    const taken = wanted > 0 ? await this.#take(wanted, now) : []
    const hungry =
      this.works && (this.#missing.size > 0 || this.#seats.size < Math.floor(BUCKETS / Math.max(1, workers)))
    const restMs = hungry ? HUNGRY_MS : counts && counts.ready + counts.running > 0 ? BUSY_MS : BEAT_MS
    const lost = [...this.#lost]
    this.#lost.clear()
    return { lost, taken, restMs }
  }

  async refill(): Promise<void> {
    for (const seat of this.#seats.values()) {
      const [row] = await this.#sql.rows<{ fence: number }>(
        'update hookkeeper_buckets set fence = fence + $1 where bucket = $2 and epoch = $3 returning fence::float8',
        [FENCES, seat.bucket, seat.epoch],
      )
      if (row) seat.fenceMax = row.fence
    }
  }

  async leave(): Promise<void> {
    this.#seats.clear()
    if (!this.#joined) return
    await this.#sql.rows(
      `with free as (update hookkeeper_buckets set owner = null, epoch = epoch + 1 where owner = $1)
       delete from hookkeeper_members where id = $1`,
      [this.#id],
    )
  }

  async #say(counts: object, now: number) {
    const { works } = this
    const { session } = this.#presence
    const deafMs = this.#said?.works ? now - this.#said.at : 0
    if (deafMs >= SILENT_MS) this.#deaf = { forMs: deafMs, until: now + SILENT_MS }
    const from = steadyClock.now()
    const [heard] = await this.#sql.again<Heard>(BEAT, [
      ...[this.#id, this.#name, works, this.#silentMs(now), !this.#joined, JSON.stringify(counts)],
      ...[session?.pid ?? null, session?.since ?? null],
    ])
    this.#told({ at: heard!.at, from, to: steadyClock.now() })
    this.#joined = true
    this.#said = { at: now, works, session, counts }
    const { members, workers, buckets, alone, missing } = heard!
    this.alone = alone
    return { members, workers, buckets: new Map(buckets.map((bucket) => [bucket.bucket, bucket])), missing }
  }

  /** Who has said nothing for so long has ended. While the server was away nobody could: its time does not count. */
  #silentMs(now: number): number {
    return SILENT_MS + (now < this.#deaf.until ? this.#deaf.forMs : 0)
  }

  /** Strikes from the list whoever has been missing for long enough, unless he has said something since: his buckets are free. */
  async #strike(missing: readonly Missing[], now: number): Promise<void> {
    const before = new Map(this.#missing)
    this.#missing.clear()
    for (const { id, seen } of missing) {
      const known = before.get(id)
      // A server that was away has ended all connections.
      const at = known?.seen === seen && now >= this.#deaf.until ? known.at : now
      if (now - at < MISSING_MS) {
        this.#missing.set(id, { seen, at })
        continue
      }
      await this.#sql.rows(STRIKE, [id, seen])
      // Its leases are lost to whoever takes its buckets now.
      this.#members.delete(id)
    }
  }

  /** What is more than its share; and what it was given, or gave up, in an answer that never came. */
  async #giveUp(share: number, buckets: Buckets): Promise<void> {
    for (const bucket of [...this.#seats.keys()].slice(share)) this.#lose(bucket)
    const given = [...buckets.values()].flatMap(({ bucket, ours }) => (ours && !this.owns(bucket) ? [bucket] : []))
    if (given.length > 0)
      await this.#sql.rows(
        'update hookkeeper_buckets set owner = null, epoch = epoch + 1 where owner = $1 and bucket = any ($2)',
        [this.#id, given],
      )
  }

  #lose(bucket: number): void {
    this.#seats.delete(bucket)
    this.#lost.add(bucket)
  }

  async #take(count: number, now: number): Promise<number[]> {
    const rows = await this.#sql.rows<{ bucket: number; epoch: number; fence: number }>(TAKE, [
      ...[this.#id, count, this.#silentMs(now), FENCES],
    ])
    for (const { bucket, epoch, fence } of rows)
      this.#seats.set(bucket, { bucket, epoch, fence: fence - FENCES, fenceMax: fence })
    return rows.map(({ bucket }) => bucket)
  }
}

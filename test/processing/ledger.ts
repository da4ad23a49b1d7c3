import { DatabaseSync } from 'node:sqlite'
import type { VirtualClock } from '../../src/core/clock.ts'
import { failure } from '../../src/core/errors.ts'
import { type Event, matches } from '../../src/core/event.ts'
import type { Json, Outcome } from '../../src/core/outcome.ts'
import type {
  Leased,
  Ledger,
  Settled,
  SettleIn,
  Settlement,
  StatementTx,
  Store,
  Transact,
  Want,
  Work,
} from '../../src/store/store.ts'
import { expire, fresh, giveBack, lease, owns, type Row, renew, settle } from '../../src/store/transitions.ts'

/** What of a ledger a worker uses, in memory, on the same transitions as every store. It keeps what was asked of it for tests to look at. */
export class MemoryLedger {
  readonly settled: (Settlement & { answer: Settled })[] = []
  readonly db = new DatabaseSync(':memory:')
  /** Throws from here on where a test wants the store away. */
  failing: Error | null = null
  settleCalls = 0
  /** The most that one lease call brought. */
  leasedAtOnce = 0
  readonly #clock: VirtualClock
  readonly #entries: Entry[] = []
  readonly #begun = new Map<StatementTx, () => void>()
  readonly #open = new Set<number>()
  #fence = 0
  #waiters: { serve: () => boolean }[] = []

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  add(event: Event & { lane: string }, more: Partial<Pick<Work, 'twinOf' | 'stale'>> = {}): number {
    const ref = this.#entries.length + 1
    const row = fresh(this.#clock.now())
    this.#entries.push({ ref, event, row, remembered: {}, receivedAt: this.#clock.now(), more })
    this.#serve()
    return ref
  }

  row(ref: number): Row {
    return this.#entry(ref).row
  }

  remembered(ref: number): Readonly<Record<string, Json>> {
    return this.#entry(ref).remembered
  }

  outcomes(): Outcome[] {
    return this.settled.map(({ outcome }) => outcome)
  }

  get running(): number {
    return this.#entries.filter(({ row }) => row.state === 'running').length
  }

  store(): Pick<Store, 'ledger' | 'transact' | 'settleIn'> {
    return { ledger: this as unknown as Ledger, transact: this.transact, settleIn: this.settleIn }
  }

  async lease(want: Want, signal?: AbortSignal): Promise<readonly Work[]> {
    this.#check()
    const now = this.#take(want)
    if (now.length > 0 || signal?.aborted) return now
    return new Promise((resolve) => {
      const end = (work: readonly Work[]) => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        cancel()
        resolve(work)
      }
      const waiter = {
        serve: () => {
          const work = this.#take(want)
          if (work.length > 0) end(work)
          return work.length > 0
        },
      }
      const cancel = this.#clock.after(want.waitMs, () => end([]))
      this.#waiters.push(waiter)
      signal?.addEventListener('abort', () => end([]))
    })
  }

  async settle(results: readonly Settlement[]): Promise<readonly (Settled | 'open')[]> {
    this.settleCalls++
    this.#check()
    const answers = results.map((result) => {
      const entry = this.#entry(result.work.ref)
      if (this.#open.has(result.work.ref)) return 'open'
      const end = settle(entry.row, { fence: result.work.fence, now: this.#clock.now(), outcome: result.outcome })
      entry.row = end.row
      if (end.settled !== 'stale') for (const name of result.returned) entry.remembered[`handler:${name}`] = true
      this.settled.push({ ...result, answer: end.settled })
      return end.settled
    })
    this.#wake()
    return answers
  }

  async giveBack(work: readonly Leased[], delayMs: number): Promise<void> {
    this.#check()
    for (const { ref, fence } of work) {
      const entry = this.#entry(ref)
      entry.row = giveBack(entry.row, { fence, now: this.#clock.now(), delayMs }) ?? entry.row
    }
    this.#wake()
  }

  async renew(work: readonly Leased[], leaseMs: number): Promise<readonly boolean[]> {
    return work.map(({ ref, fence }) => {
      const entry = this.#entry(ref)
      const more = renew(entry.row, { fence, now: this.#clock.now(), leaseMs })
      entry.row = more ?? entry.row
      return more !== null
    })
  }

  async remember({ ref, fence }: Leased, key: string, value: Json): Promise<boolean> {
    this.#check()
    const entry = this.#entry(ref)
    const ours = owns(entry.row, fence, this.#clock.now())
    if (ours) entry.remembered[key] = value
    return ours
  }

  readonly transact: Transact = async ({ ref, fence }, { name, last }, write) => {
    const entry = this.#entry(ref)
    if (!owns(entry.row, fence, this.#clock.now())) throw failure('stale_lease', { fence })
    this.db.exec('begin')
    try {
      const value = write(this.db)
      this.db.exec('commit')
      entry.remembered[`handler:${name}`] = true
      if (last) entry.row = { ...entry.row, state: 'done', reason: 'worked', leaseEndsAt: 0 }
      return value
    } catch (error) {
      this.db.exec('rollback')
      throw error
    }
  }

  /** As a ledger in Postgres: what is written is there once `commit` was called with that transaction. */
  readonly settleIn: SettleIn = {
    write: async (tx, { ref, fence }, { name, last }) => {
      const entry = this.#entry(ref)
      if (!owns(entry.row, fence, this.#clock.now())) throw failure('stale_lease', { fence })
      this.#begun.set(tx, () => {
        entry.remembered[`handler:${name}`] = true
        if (last) entry.row = { ...entry.row, state: 'done', reason: 'worked', leaseEndsAt: 0 }
      })
    },
    remembers: async ({ ref }, name) => {
      this.#check()
      return this.#entry(ref).remembered[`handler:${name}`] === true
    },
  }

  commit(tx: StatementTx): void {
    this.#begun.get(tx)?.()
  }

  /** Some transaction of its handler's is open until it is called off: who would settle it hears so. */
  keepOpen(ref: number): () => void {
    this.#open.add(ref)
    return () => void this.#open.delete(ref)
  }

  /** As if a process with this lease had died: the lease runs out, uncounted by anybody. */
  lose(ref: number): void {
    const entry = this.#entry(ref)
    entry.row = { ...entry.row, lost: entry.row.lost + 1 }
  }

  /** As if the lease had run out unnoticed and another worker had the event now. */
  steal(ref: number): void {
    const entry = this.#entry(ref)
    const leaseEndsAt = this.#clock.now() + 60_000
    entry.row = { ...entry.row, state: 'running', fence: ++this.#fence, leaseEndsAt }
  }

  #take(want: Want): Work[] {
    const now = this.#clock.now()
    const room = new Map(want.handles.map(({ name, room }) => [name, room]))
    const taken: Work[] = []
    for (const entry of this.#entries) {
      entry.row = expire(entry.row, now) ?? entry.row
      const names = new Set(want.handles.filter((h) => matches(h.pattern, entry.event.type)).map(({ name }) => name))
      if (taken.length >= want.max || [...names].some((name) => (room.get(name) ?? 0) <= 0)) continue
      const leaseMs = want.handles
        .filter(({ name, pattern }) => names.has(name) && matches(pattern, entry.event.type))
        .reduce((sum, handle) => sum + handle.leaseMs, 10_000)
      const row = lease(entry.row, { fence: this.#fence + 1, now, leaseMs, laneBusy: this.#laneBusy(entry.event.lane) })
      if (!row) continue
      this.#fence++
      entry.row = row
      for (const name of names) room.set(name, (room.get(name) ?? 0) - 1)
      taken.push(this.#work(entry))
    }
    this.leasedAtOnce = Math.max(this.leasedAtOnce, taken.length)
    return taken
  }

  #work({ ref, event, row, remembered, receivedAt, more }: Entry): Work {
    const { fence, attempts: attempt, lost, laterAt } = row
    const now = this.#clock.now()
    const laterMs = laterAt ? now - laterAt : null
    const times = { attempt, lost, laterMs, waitedMs: now - receivedAt }
    return { ref, fence, event, lane: event.lane, twinOf: null, stale: false, ...times, remembered, ...more }
  }

  #laneBusy(lane: string): boolean {
    return this.#entries.some(({ event, row }) => event.lane === lane && row.state === 'running')
  }

  #wake(): void {
    this.#serve()
    for (const { row } of this.#entries) {
      const inMs = row.dueAt - this.#clock.now()
      if (row.state === 'waiting' && inMs > 0) this.#clock.after(inMs, () => this.#serve())
    }
  }

  #serve(): void {
    for (const waiter of [...this.#waiters]) waiter.serve()
  }

  #check(): void {
    if (this.failing) throw this.failing
  }

  #entry(ref: number): Entry {
    const entry = this.#entries[ref - 1]
    if (!entry) throw new Error(`no entry ${ref}`)
    return entry
  }
}

interface Entry {
  readonly ref: number
  readonly event: Event & { lane: string }
  row: Row
  readonly remembered: Record<string, Json>
  readonly receivedAt: number
  readonly more: Partial<Pick<Work, 'twinOf' | 'stale'>>
}

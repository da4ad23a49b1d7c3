import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../core/clock.ts'
import { failure, type HookkeeperError } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import type { Logger } from '../../core/service.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Hold, Move, Note, Selection, Want } from '../store.ts'
import { Answers, type Said, type Waiter } from './answers.ts'
import type { Arrivals } from './arrivals/arrivals.ts'
import { arrive, type Report } from './arrive.ts'
import { type Book, createBook } from './book.ts'
import { load } from './boot.ts'
import { isLeaseholders, isRead, isWrite, looksBack, run } from './calls.ts'
import { Checkpoints } from './checkpoints.ts'
import { ofTheDisk, storeFailed } from './failed.ts'
import { Jobs } from './jobs.ts'
import { expireLeases } from './lease.ts'
import { LeaseCalls } from './lease-calls.ts'
import { move } from './move.ts'
import { type Command, Queue } from './queue.ts'
import { Records } from './records.ts'
import { type Retention, Sweeper } from './retention.ts'
import { type Sync, watched } from './sync.ts'
import { commitTransacted, type Transacted } from './transacted.ts'

export interface WriterOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly retention: Retention
  readonly scheduler: () => Scheduler
  readonly sync: Sync
  /** When the next round runs: soon, so that what arrives together is committed together. */
  readonly soon: (run: () => void) => void
  /** What arrives by itself, and who hears what became of it. */
  readonly arrivals?: Arrivals
  readonly arrived?: (report: Report) => void
  /** Told why what has arrived is not taken in for now, and with null when it is again. */
  readonly failing?: (error: HookkeeperError | null) => void
}

/** After so long without a call, rounds bring the tables up to date. */
const IDLE_MS = 300
const EXPIRY_MS = 1000
const PROBE_MS = 500

/**
 * The one writer. Calls queue up; a round takes all of them into one transaction (settle, admit, lease, a little projection),
 * commits once, and answers when that is synced; the next round begins meanwhile. When a commit or a sync fails, memory is
 * thrown away and read back from the file, and every caller is told.
 */
export class Writer {
  readonly #db: DatabaseSync
  readonly #options: WriterOptions
  #book: Book
  #records: Records
  readonly #queue = new Queue()
  readonly #leases = new LeaseCalls()
  readonly #answers: Answers
  readonly #jobs = new Jobs()
  #holds: readonly Hold[] = []
  #scheduled = false
  /** Whoever may write now in our place. */
  #paused: Waiter | null = null
  #broken = false
  /** Rounds in a row that failed. */
  #failures = 0
  /** A sync failed: the disk may not have what the log says. */
  #unsafe = false
  readonly #checkpoints: Checkpoints
  /** What this round writes beside its own rows. */
  #bytes = 0
  #closed = false
  #wake: () => void = () => {}
  #lastWorkAt = 0
  readonly #sweeper: Sweeper

  constructor(db: DatabaseSync, options: WriterOptions) {
    this.#db = db
    this.#options = options
    const sync = watched(options.sync, () => {
      this.#unsafe = true
    })
    this.#answers = new Answers(sync, options.clock, (error) => {
      if (!this.#closed) this.#fail(error, [])
    })
    this.#checkpoints = new Checkpoints(db)
    this.#sweeper = new Sweeper(options.retention, () => sync.now())
    this.#book = this.#newBook()
    load(this.#book, { endLeases: true })
    // Before the first lease: two of them must never have one fence, whatever the machine forgets.
    options.sync.now()
    this.#records = new Records(db, () => this.#book.now())
    this.#plan()
  }

  /** Every call of the ledger and its neighbours, by name; the answer comes after the commit. */
  call(name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(failure('store_closed'))
      const after = looksBack(name) ? (this.#options.arrivals?.end ?? 0) : 0
      this.#queue.add({ name, args, after, resolve, reject })
      this.#schedule()
    })
  }

  /** Ends a lease call early, waiting or still in the queue; it answers with nothing. */
  cancelLease(id: number): void {
    if (this.#leases.cancel(id)) return
    this.#queue.takeLease(id)?.resolve([])
  }

  /** After a handler's transaction: what it committed becomes true in memory too, and the rounds go on. */
  resume(transacted: readonly Transacted[]): void {
    this.#paused = null
    // After a failed sync memory is read anew from the file, and what was committed is in there.
    if (!this.#broken) commitTransacted(this.#book, transacted)
    this.#schedule()
  }

  /** Something arrived while the writer slept. */
  come(): void {
    this.#schedule()
  }

  /** Takes in all that has arrived, at once. */
  catchUp(): void {
    do this.#round()
    while (this.#more() && !this.#broken)
  }

  close(): void {
    if (this.#closed) return
    if (!this.#paused) this.catchUp()
    this.#closed = true
    this.#wake()
    this.#syncLast()
    for (const command of this.#queue.takeAll()) command.reject(failure('store_closed'))
    for (const call of this.#leases.take()) call.resolve([])
    for (const job of this.#jobs.take()) job.reject(failure('store_closed'))
    this.#options.sync.close()
    this.#options.arrivals?.close()
    this.#db.close()
  }

  #syncLast(): void {
    const last = this.#answers.take()
    try {
      this.#options.sync.now()
      for (const { to, value } of last) to.resolve(value)
    } catch (error) {
      for (const { to } of last) to.reject(storeFailed(error))
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused) return
    this.#scheduled = true
    this.#options.soon(() => {
      this.#scheduled = false
      if (!this.#closed && !this.#paused) this.#round()
    })
  }

  #round(): void {
    if (this.#broken && !this.#mend()) return this.#refuseAll()
    const commands = this.#queue.take(this.#options.arrivals?.at ?? 0)
    if (commands.length > 0 && !this.#jobs.some && !this.#more() && commands.every(({ name }) => isRead(name))) {
      this.#lookAll(commands)
      // The alarm may have rung for this very round: what it was set for is still to be done.
      return this.#plan()
    }
    const said: Said = { committed: [], synced: [] }
    let report: Report | null = null
    try {
      this.#db.exec('begin immediate')
      report = this.#work(commands, said)
      said.committed.push(...this.#leases.fill(this.#book))
      this.#db.exec('commit')
    } catch (error) {
      this.#fail(error, [...commands, ...[...said.committed, ...said.synced].map(({ to }) => to)])
      return
    }
    this.#failures = 0
    if (report) this.#options.arrived?.(report)
    for (const { to, value } of said.committed) to.resolve(value)
    this.#answers.add(said.synced)
    // The disk is syncing what was committed, and nobody waits for us until it has.
    this.#checkpoints.after(this.#bytes)
    this.#bytes = 0
    this.#lookAll(commands)
    if (report || commands.length > 0 || this.#jobs.some) this.#lastWorkAt = this.#book.now()
    this.#plan()
    if (this.#jobs.some || this.#queue.size > 0 || !this.#asleep()) this.#schedule()
  }

  #more(): boolean {
    const { arrivals } = this.#options
    return arrivals !== undefined && arrivals.at < arrivals.end
  }

  #asleep(): boolean {
    return this.#options.arrivals?.sleep() ?? true
  }

  #newBook(): Book {
    return createBook(this.#db, this.#options.clock, this.#options.scheduler(), this.#options.arrivals)
  }

  #work(commands: readonly Command[], said: Said): Report | null {
    const book = this.#book
    const now = book.now()
    // First of all: what it takes away for good was committed by an earlier round.
    this.#bytes += this.#sweeper.step(book)
    book.lanes.due(now)
    expireLeases(book)
    const report = this.#more() ? arrive(book, this.#options.arrivals!) : null
    let load = report?.places.length ?? 0
    for (const command of commands) load += this.#execute(command, said)
    said.synced.push(...this.#jobs.step())
    const idle = now - this.#lastWorkAt >= IDLE_MS
    book.projection.step(book, { load, idle })
    return report
  }

  /** Runs one call; its answer waits for the commit at least. Gives how many events it was about. */
  #execute(command: Command, { committed, synced }: Said): number {
    const { name, args } = command
    if (isRead(name)) return 0
    if (name === 'lease') {
      const [want, id] = args as [Want, number]
      const { resolve, reject } = command
      this.#leases.add({ id, want, untilAt: this.#book.now() + want.waitMs, resolve, reject })
      return 0
    }
    if (name === 'move') {
      this.#jobs.add(move(this.#book, ...(args as [Selection, Move, Note])), command)
      return 0
    }
    if (name === 'pause') this.#paused = command
    if (name === 'admit') for (const { body } of args[0] as Envelope[]) this.#bytes += body.byteLength
    const value = this.#apply(name, args)
    ;(isLeaseholders(name) ? committed : synced).push({ to: command, value })
    return Array.isArray(args[0]) ? args[0].length : 1
  }

  #apply(name: string, args: readonly unknown[]): unknown {
    if (isWrite(name)) return run(this.#book, name, args)
    if (name === 'hold') return this.#hold(args[0] as readonly Hold[])
    const record = this.#records[name as 'put'] as ((...args: unknown[]) => unknown) | undefined
    if (!record) throw new Error(`the ledger has no call ${name}`)
    return record.apply(this.#records, [...args])
  }

  #hold(holds: readonly Hold[]): void {
    this.#holds = holds
    this.#book.lanes.hold(this.#book.holding.replace(holds), this.#book.now())
  }

  #lookAll(commands: readonly Command[]): void {
    for (const command of commands) if (isRead(command.name)) this.#look(command)
  }

  #look(command: Command): void {
    try {
      command.resolve(run(this.#book, command.name, command.args))
    } catch (error) {
      command.reject(error)
    }
  }

  /** Sleeps until something falls due. */
  #plan(): void {
    this.#wake()
    const now = this.#book.now()
    const wakeAt = Math.min(
      this.#leases.nextAt(this.#book),
      this.#book.running.size > 0 ? now + EXPIRY_MS : Number.POSITIVE_INFINITY,
      this.#book.projection.idle ? Number.POSITIVE_INFINITY : Math.max(this.#lastWorkAt + IDLE_MS, now + 1),
      this.#sweeper.dueAt,
    )
    this.#wake = this.#options.clock.after(wakeAt - now, () => this.#schedule())
  }

  // When a write fails.

  #fail(error: unknown, told: readonly Waiter[]): void {
    if (this.#db.isTransaction) this.#db.exec('rollback')
    const failed = storeFailed(error)
    if (!this.#broken) this.#options.log.error({ code: failed.code }, failed.message)
    this.#broken = true
    const unheard = this.#answers.take().map(({ to }) => to)
    for (const waiter of [...told, ...unheard, ...this.#leases.take(), ...this.#jobs.take()]) {
      waiter.reject(failed)
      // Who never hears that it may write does not say when it has written.
      if (waiter === this.#paused) this.#paused = null
    }
    // What was not the disk may have been one event that arrived: it is passed over in the next round, and the others are told then.
    if (this.#failures++ > 0 || ofTheDisk(error)) this.#options.failing?.(failed)
    this.#wake()
    this.#wake = this.#options.clock.after(PROBE_MS, () => this.#schedule())
  }

  #refuseAll(): void {
    this.#fail(failure('store_unavailable'), this.#queue.takeAll())
  }

  /** Reads the ledger back once a write succeeds again. This process's leases go on; its fences stay above. */
  #mend(): boolean {
    try {
      if (this.#unsafe) this.#checkpoints.whole()
      this.#unsafe = false
      const fences = this.#book.fences
      const book = this.#newBook()
      load(book, { endLeases: false, fences })
      this.#book = book
      this.#hold(this.#holds)
      this.#broken = false
      this.#options.failing?.(null)
      this.#options.log.info({}, 'the ledger can be written again')
      return true
    } catch {
      return false
    }
  }
}

import { ceiling, type RetryPolicy } from '../core/backoff.ts'
import { Bell } from '../core/bell.ts'
import { breath, type Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { Logger, Service } from '../core/service.ts'
import type { Handles, Leased, Settled, Settlement, Store, Work } from '../store/store.ts'
import { Ahead } from './ahead.ts'
import { attempt, type Deps } from './attempt.ts'
import { RetryBudget } from './budget.ts'
import { Deadlines } from './deadlines.ts'
import type { Policy } from './decide.ts'
import type { Handlers, Registered } from './handlers.ts'
import { LaneLock, type LaneLocks } from './lane-lock.ts'
import { note } from './note.ts'
import type { Meter } from './report.ts'
import type { Share } from './roster.ts'
import { leaseMs, Running } from './running.ts'
import { Settler } from './settler.ts'
import { Trouble } from './trouble.ts'

export interface WorkerOptions {
  readonly store: Pick<Store, 'ledger' | 'transact' | 'settleIn'>
  readonly handlers: Handlers
  /** What of its handlers' events it may take, given who else lives. Absent: all. */
  readonly share?: (handles: readonly Handles[]) => Share
  readonly policy: Policy
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly meter: Meter
  /** Absent: none. */
  readonly locks?: LaneLocks
  /** Who leases, and which code runs: both are kept with each attempt. */
  readonly name: string
  readonly release: string
  /** Events worked at once, each of another lane. */
  readonly concurrency: number
  /** What handlers get to finish when the worker stops; then they are aborted and given back. */
  readonly drainMs: number
  /** Ends by itself: after so many leases, when so much time is over, or when nothing more is ready. Absent: never. */
  readonly bounds?: { readonly ms: number; readonly max: number }
}

/** How long one lease call waits for something to do. */
const WAIT_MS = 1_000

/** Results that the ledger has not taken, for each event worked at once: beyond that nothing more is leased. */
const UNSETTLED_FACTOR = 16

/** After the drain: how long results and give-backs may still take to reach the ledger. */
const STOP_MS = 3_000

/** How the store is asked again while it is in trouble: 100 ms, 200, 400, ... up to 5 s. */
const PATIENCE: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, baseMs: 100, factor: 2, maxMs: 5_000 }

/** Leases what there is room for and works it. Stopping leaves nothing leased. */
export class Worker implements Service {
  readonly #options: WorkerOptions
  readonly #deps: Deps
  readonly #settler: Settler
  readonly #ahead: Ahead
  readonly #working = new Set<Running>()
  #open = 0
  #stopping = false
  readonly #trouble: Trouble
  #lease: AbortController | null = null
  #full: readonly Registered[] = []
  readonly #change = new Bell()
  #hurry: () => void = () => {}
  #begun = 0
  #loop: Promise<void> | null = null
  #stopped: Promise<void> | null = null

  constructor(options: WorkerOptions) {
    const { store, clock, policy, random, log, meter, locks } = options
    this.#options = options
    this.#trouble = new Trouble(log)
    const settleTrouble = (error: unknown | null) => this.#trouble.is('settle', error)
    this.#settler = new Settler({ ledger: store.ledger, clock, trouble: settleTrouble })
    this.#ahead = new Ahead(clock, () => void this.#giveBackAhead())
    const deadlines = new Deadlines(clock)
    const settle = (running: Running, settlement: Settlement) => this.#settle(running, settlement)
    const giveBack = (work: readonly Leased[], delayMs: number) => store.ledger.giveBack(work, delayMs)
    const lock = locks && new LaneLock(locks, { clock, log })
    const putOff = (type: string, handler: string) => meter.putOff(type, handler)
    const budget = new RetryBudget({ policy, clock, random, putOff })
    this.#deps = { store, policy, clock, random, log, meter, lock, deadlines, budget, settle, giveBack }
  }

  async start(): Promise<void> {
    this.#loop ??= this.#run()
  }

  /** From start to stop within `bounds`. Resolves to how many events were leased, when none of them is any more. */
  async pass(): Promise<number> {
    const { clock, bounds } = this.#options
    const cancel = clock.after(bounds?.ms ?? 0, () => this.#cease())
    await this.start()
    await this.#loop
    cancel()
    await this.stop()
    return this.#begun
  }

  /** The store takes leases and results, and the worker is not stopping. */
  ready(): boolean {
    return !this.#stopping && !this.#trouble.some
  }

  /** How many events are being worked. */
  get working(): number {
    return this.#working.size
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#drain()
    return this.#stopped
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping && this.#left() > 0; ) {
      // Handlers that end in one breath are followed by one lease.
      if (this.#room() <= 0) await this.#change.next().then(breath)
      else {
        const leased = await this.#leased()
        failures = leased ? 0 : failures + 1
        if (!leased) await this.#pause(ceiling(PATIENCE, failures))
        else if (leased.length === 0 && this.#options.bounds) await this.#dry()
        else await this.#begin(leased)
      }
    }
  }

  /** Nothing is ready: but what runs may hold up lanes. */
  async #dry(): Promise<void> {
    if (this.#open === 0) this.#cease()
    else await this.#change.next()
  }

  #room(): number {
    const { concurrency } = this.#options
    if (this.#settler.waiting > concurrency * UNSETTLED_FACTOR) return 0
    const room = Math.max(0, concurrency - this.#working.size - this.#ahead.waiting) + this.#ahead.room(concurrency)
    return Math.min(room, this.#left())
  }

  #left(): number {
    return (this.#options.bounds?.max ?? Number.POSITIVE_INFINITY) - this.#begun
  }

  /** Null when the store is in trouble. */
  async #leased(): Promise<readonly Work[] | null> {
    const { store, handlers, share, name, release } = this.#options
    const abort = new AbortController()
    this.#lease = abort
    this.#full = handlers.all.filter((handler) => handlers.room(handler) === 0)
    // A store that was away is asked for a plain answer first, so that readiness need not wait for work to come.
    const waitMs =
      this.#trouble.at('lease') || this.#options.bounds ? 0 : Math.min(WAIT_MS, handlers.waitMs() ?? WAIT_MS)
    const max = this.#room()
    const own = handlers.handles(max)
    const want = { max, waitMs, worker: name, release, ...(share?.(own) ?? { handles: own }) }
    try {
      const work = await store.ledger.lease(want, abort.signal)
      this.#trouble.is('lease', null)
      return work
    } catch (error) {
      this.#trouble.is('lease', error)
      return null
    } finally {
      this.#lease = null
    }
  }

  async #begin(leased: readonly Work[]): Promise<void> {
    this.#begun += leased.length
    if (this.#stopping && leased.length > 0) return this.#giveBack(leased)
    for (const work of leased) if (work.lost === 0) this.#enter(work)
    for (const work of leased) if (work.lost > 0) await this.#workAlone(work)
  }

  #enter(work: Work): void {
    const { handlers, clock, concurrency } = this.#options
    const matching = handlers.matching(work.event.type)
    // One lease call may bring more than a handler of several types has room for.
    if (!matching.every((handler) => handlers.room(handler) > 0)) return void this.#giveBack([work])
    const running = this.#running(work, clock.now())
    if (this.#working.size < concurrency) void this.#work(running)
    else this.#ahead.push(running)
  }

  #running(work: Work, leasedAt: number): Running {
    const handlers = this.#options.handlers.matching(work.event.type)
    this.#options.handlers.take(handlers)
    this.#open++
    return new Running({ work, handlers, leasedAt })
  }

  /** It may be what ended its process, so nothing else is at risk while it runs: no other handler, no unsettled result. */
  async #workAlone(work: Work): Promise<void> {
    while (this.#open > 0) await this.#change.next()
    if (this.#stopping) return this.#giveBack([work])
    const leasedAt = this.#options.clock.now()
    const handlers = this.#options.handlers.matching(work.event.type)
    const [ours] = await this.#options.store.ledger.renew([work], leaseMs(handlers)).catch(() => [false])
    if (ours) await this.#work(this.#running(work, leasedAt))
  }

  async #work(running: Running): Promise<void> {
    this.#working.add(running)
    running.begunAt = this.#options.clock.now()
    try {
      await attempt(running, this.#deps)
    } catch (error) {
      // The lease brings the event back: no more is needed than to say so.
      this.#options.log.error({ id: running.work.event.id, ...note(error, null) }, 'an attempt could not be ended')
    }
    this.#free(running)
    this.#open--
    this.#change.ring()
  }

  /** The place is free as soon as the handlers are through: the next events are leased while the commit is under way. */
  #settle(running: Running, settlement: Settlement): Promise<Settled> {
    this.#free(running)
    return this.#settler.settle(settlement, running.leaseEndsAt)
  }

  #free(running: Running): void {
    if (!this.#working.delete(running)) return
    this.#ahead.learn(this.#options.clock.now() - running.begunAt)
    this.#leave(running)
    const next = this.#ahead.next()
    if (next) void this.#work(next)
  }

  #leave({ handlers }: Running): void {
    this.#options.handlers.free(handlers)
    // The lease under way was told that this handler has no room: it is asked anew.
    if (handlers.some((handler) => this.#full.includes(handler))) this.#lease?.abort()
    this.#change.ring()
  }

  async #drain(): Promise<void> {
    const { clock, drainMs } = this.#options
    this.#cease()
    void this.#giveBackAhead()
    const cancels = [clock.after(drainMs, () => this.#abandon())]
    const enough = new Promise<void>((resolve) => cancels.push(clock.after(drainMs + STOP_MS, resolve)))
    await Promise.race([this.#through(), enough])
    for (const cancel of cancels) cancel()
    this.#settler.close()
  }

  #cease(): void {
    this.#stopping = true
    this.#lease?.abort()
    this.#change.ring()
    this.#hurry()
  }

  async #through(): Promise<void> {
    await this.#loop
    while (this.#open > 0) await this.#change.next()
  }

  /** Each attempt gives its own event back. */
  #abandon(): void {
    for (const running of [...this.#working]) running.end(failure('stopping'))
  }

  async #giveBackAhead(): Promise<void> {
    const waiting = this.#ahead.all()
    if (waiting.length === 0) return
    for (const running of waiting) this.#leave(running)
    await this.#giveBack(waiting.map(({ work }) => work))
    this.#open -= waiting.length
    this.#change.ring()
  }

  /** Where the store cannot be reached, the leases run out. */
  async #giveBack(work: readonly Work[]): Promise<void> {
    await this.#options.store.ledger.giveBack(work, 0).catch((error: unknown) => this.#trouble.is('lease', error))
  }

  /** Cut short when the worker stops. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#hurry = resolve
      this.#options.clock.after(ms, resolve)
    })
  }
}

import { mkdirSync, readdirSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import {
  type Batch,
  type Broker,
  type BrokerBacklog,
  BrokerError,
  type Finding,
  type Lent,
  type Message,
  type Wanted,
} from './broker.ts'
import { LENT_MS } from './options.ts'
import { SpoolFile } from './spool/file.ts'
import { FREE_BYTES, fullSoon, onEphemeralDisk, tooLarge } from './spool/findings.ts'
import { Loans, lending, type OnLoan } from './spool/loans.ts'
import { Turnstile } from './spool/turnstile.ts'

export interface SpoolOptions {
  /** A folder on a disk that stays. Each process that opens it takes a file of its own there. */
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
  readonly lentMs?: number
  /** The platform whose disk goes with the machine, or null. */
  readonly ephemeral?: string | null
}

/**
 * A broker in a file on this machine's disk: what is appended is synced before it is answered. It takes part in no cluster; it
 * stands alone in one process, or before a broker that may be gone for a while (`spool/before.ts`).
 */
export function openSpool(options: SpoolOptions): Spool {
  mkdirSync(options.path, { recursive: true, mode: 0o700 })
  for (let n = 0; n < FILES_MAX; n++) {
    const file = SpoolFile.claim(join(options.path, `spool-${n}.db`))
    if (file) return new Spool(file, options)
  }
  throw new BrokerError(
    'unreachable',
    `spool: ${FILES_MAX} processes have a file each in ${options.path}; name another folder`,
  )
}

const FILES_MAX = 64

/** What the spool lends. What somebody has found that nobody will ever take by this road he may set aside. */
export interface SpoolBatch extends Batch {
  setAside(some: readonly Lent[]): void
}

export class Spool implements Broker {
  readonly name = 'spool'
  readonly traits = { durable: true, shared: false, ordered: true, batchMax: 512, bodyBytesMax: 8 * 1_048_576 }
  readonly #options: SpoolOptions
  readonly #file: SpoolFile
  readonly #loans: Loans
  /** What was set aside. Which that is is known for as long as the process lives; the next one tries all of it again. */
  readonly #apart: Loans
  readonly #turnstile: Turnstile
  readonly #receiving = new Set<() => void>()
  #waiting: number
  #aside = 0
  #closed = false

  constructor(file: SpoolFile, options: SpoolOptions) {
    this.#file = file
    this.#options = options
    this.#loans = new Loans(file, options.clock, options.lentMs ?? LENT_MS)
    this.#apart = new Loans(file, options.clock, options.lentMs ?? LENT_MS, Number.MAX_SAFE_INTEGER)
    this.#turnstile = new Turnstile(file)
    this.#waiting = file.count()
  }

  /** How many lie here and are lent by `receive`, those just being written included. */
  get waiting(): number {
    return this.#waiting
  }

  /** How many more lie here and were set aside. */
  get aside(): number {
    return this.#aside
  }

  async append(messages: readonly Message[]): Promise<(BrokerError | null)[]> {
    this.#mustBeOpen()
    const fits = messages.filter((message) => !this.#tooLarge(message))
    const failed = await this.#write(fits)
    return messages.map((message) =>
      this.#tooLarge(message)
        ? new BrokerError(
            'too-large',
            `spool: a body of ${message.body.length} bytes; ${this.traits.bodyBytesMax} are the most`,
          )
        : failed,
    )
  }

  async #write(messages: readonly Message[]): Promise<BrokerError | null> {
    if (messages.length === 0) return null
    const now = this.#options.clock.now()
    this.#waiting += messages.length
    try {
      await this.#turnstile.pass(() => {
        for (const message of messages) this.#file.add(message, now)
      })
      for (const look of this.#receiving) look()
      return null
    } catch (error) {
      this.#waiting -= messages.length
      return new BrokerError('not-durable', `spool: ${this.#file.path} could not be written`, error)
    }
  }

  async receive({ max, waitMs }: Wanted, signal: AbortSignal): Promise<SpoolBatch> {
    const { clock } = this.#options
    const untilAt = clock.now() + waitMs
    for (;;) {
      this.#mustBeOpen()
      if (signal.aborted) return this.#batch([])
      const lent = this.#loans.lend(max)
      const left = untilAt - clock.now()
      if (lent.length > 0 || left <= 0) return this.#batch(lent)
      await this.#change(Math.min(left, this.#loans.restsMs()), signal)
    }
  }

  /** Lends of what was set aside, or null when none of it is there to be lent. What is refused rests for the time of its loan. */
  lendAside(max: number): Batch | null {
    this.#mustBeOpen()
    const { messages, end } = lending(this.#aside === 0 ? [] : this.#apart.lend(max))
    if (messages.length === 0) return null
    return {
      messages,
      ack: async (some = messages) => {
        const removed = await this.#remove(end(some), this.#apart)
        this.#aside -= removed
      },
      refuse: async (message, why) => {
        if (end([message]).length > 0) this.#refused(why)
      },
    }
  }

  #batch(lent: readonly OnLoan[]): SpoolBatch {
    const { messages, end } = lending(lent)
    return {
      messages,
      ack: async (some = messages) => {
        const removed = await this.#remove(end(some), this.#loans)
        this.#waiting -= removed
        if (this.#waiting === 0 && !this.#closed) this.#file.shrink()
      },
      refuse: async (message, why) => {
        for (const place of end([message])) await this.#putBehind(place, why)
      },
      setAside: (some) => {
        for (const place of end(some)) this.#setAside(place)
      },
    }
  }

  async #putBehind(place: number, why: string): Promise<void> {
    this.#refused(why)
    let behind = place
    await this.#heard(() => {
      behind = this.#file.putBehind(place)
    })
    this.#loans.move(place, behind)
    for (const look of this.#receiving) look()
  }

  #setAside(place: number): void {
    this.#loans.forget(place)
    this.#apart.bring(place)
    this.#waiting--
    this.#aside++
  }

  #refused(why: string): void {
    this.#options.log.warn({ broker: this.name, why }, 'a message was refused: it comes again')
  }

  /** Resolves to how many were still there. */
  async #remove(places: readonly number[], loans: Loans): Promise<number> {
    if (places.length === 0) return 0
    let removed = 0
    await this.#heard(() => {
      for (const place of places) removed += this.#file.remove(place)
    })
    for (const place of places) loans.forget(place)
    return removed
  }

  async #heard(changes: () => void): Promise<void> {
    // The process ends: what is not acknowledged comes again.
    if (this.#closed) return
    await this.#turnstile.pass(changes).catch((error) => {
      throw new BrokerError('not-durable', `spool: ${this.#file.path} could not be written`, error)
    })
  }

  async backlog(): Promise<BrokerBacklog> {
    const waiting = this.#waiting + this.#aside
    const oldestAt = waiting === 0 ? null : this.#file.oldestAt()
    return {
      waiting,
      oldestMs: oldestAt === null ? 0 : Math.max(this.#options.clock.now() - oldestAt, 0),
    }
  }

  async check(): Promise<Finding[]> {
    const { path, ephemeral } = this.#options
    const found = this.#aside > 0 ? [tooLarge(path, this.#aside)] : []
    if (ephemeral) return [onEphemeralDisk(path, ephemeral), ...found]
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize < FREE_BYTES ? [fullSoon(path, bavail * bsize), ...found] : found
  }

  /** Takes in what files hold whose process is gone. Resolves to how many messages those were. */
  async adopt(): Promise<number> {
    let adopted = 0
    for (const name of readdirSync(this.#options.path).filter((one) => /^spool-\d+\.db$/.test(one))) {
      const path = join(this.#options.path, name)
      const orphan = path === this.#file.path ? null : SpoolFile.claim(path)
      if (!orphan) continue
      try {
        adopted += await this.#takeOver(orphan)
      } finally {
        // The empty file stays: another process may just be about to claim it.
        orphan.close()
      }
    }
    return adopted
  }

  async #takeOver(orphan: SpoolFile): Promise<number> {
    let count = 0
    for (let some = [...first(orphan)]; some.length > 0; some = [...first(orphan)]) {
      const failed = await this.#write(some)
      if (failed) throw failed
      orphan.commit(() => {
        for (const { place } of some) orphan.remove(place)
      })
      count += some.length
    }
    return count
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const look of [...this.#receiving]) look()
    await this.#turnstile.idle()
    this.#file.close()
  }

  #tooLarge({ body }: Message): boolean {
    return body.length > this.traits.bodyBytesMax
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new BrokerError('closed', 'spool: it is closed')
  }

  #change(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#receiving.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#options.clock.after(ms, done)
      this.#receiving.add(done)
      signal.addEventListener('abort', done)
    })
  }
}

const TAKEN_OVER_AT_ONCE = 100

function* first(orphan: SpoolFile) {
  let count = 0
  for (const spooled of orphan.after(0)) {
    yield spooled
    if (++count === TAKEN_OVER_AT_ONCE) return
  }
}

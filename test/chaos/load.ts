import type { Random } from '../../src/core/random.ts'
import { pick } from '../../src/core/random.ts'
import { eventBody } from './delivery.ts'
import type { Answered, Sender } from './sender.ts'

export interface LoadOptions {
  readonly sender: Pick<Sender, 'post'>
  readonly random: Random
  readonly ratePerSecond: number
  /** Events are spread over so many. */
  readonly customers: number
  /** The share of deliveries that bring an id again, answered before or not. */
  readonly repeats: number
  /** Before each id: two loads into one ledger need two. */
  readonly prefix?: string
  /** Told of each id at its first 200. */
  readonly onAcknowledged?: (id: string) => void
}

/** Deliveries on their way at once: as many as a sender's connections and a queue behind each hold. */
const UNDERWAY_MAX = 1_024
const TICK_MS = 4
/** How far back a repeat reaches. */
const RECENT_MAX = 20_000

/** Deliveries at a fixed rate, whatever the answers do, and a record of what was promised for which id. */
export class Load {
  /** Ids that got at least one 200. */
  readonly acknowledged = new Set<string>()
  /** How many deliveries had which answer. */
  readonly answers: Record<string, number> = {}
  /** 503 without `Retry-After`. */
  bare503 = 0
  offered = 0
  runMs = 0
  readonly #options: LoadOptions
  readonly #recent: { id: string; body: Buffer }[] = []
  readonly #underway = new Set<Promise<void>>()
  readonly #watchers = new Set<() => void>()
  #made = 0
  #from = 0
  #due = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: LoadOptions) {
    this.#options = options
  }

  start(): this {
    this.#from = performance.now()
    this.#due = 0
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    return this
  }

  /** Resolves when every delivery is answered. */
  async stop(): Promise<void> {
    if (this.#timer) this.runMs += performance.now() - this.#from
    clearInterval(this.#timer)
    this.#timer = undefined
    await Promise.all(this.#underway)
  }

  /** Resolves when the answers fulfil something; rejects when they do not in time. */
  async until(what: string, fulfilled: () => boolean, withinMs = 60_000): Promise<void> {
    if (fulfilled()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const late = setTimeout(() => reject(new Error(`${what} did not come within ${withinMs} ms`)), withinMs)
    const watch = () => fulfilled() && resolve()
    this.#watchers.add(watch)
    await promise.finally(() => {
      clearTimeout(late)
      this.#watchers.delete(watch)
    })
  }

  count(answer: Answered['status']): number {
    return this.answers[answer] ?? 0
  }

  get perSecond(): number {
    return (this.offered / this.runMs) * 1_000
  }

  #tick(): void {
    const due = Math.floor(((performance.now() - this.#from) * this.#options.ratePerSecond) / 1_000)
    for (; this.#due < due; this.#due++) if (this.#underway.size < UNDERWAY_MAX) this.#send()
  }

  #send(): void {
    const { sender, random, repeats } = this.#options
    const again = this.#recent.length > 0 && random() < repeats
    const { id, body } = again ? pick(random, this.#recent) : this.#fresh()
    this.offered++
    const sent = sender.post(body).then((answered) => {
      this.#underway.delete(sent)
      this.#note(id, answered)
    })
    this.#underway.add(sent)
  }

  #fresh(): { id: string; body: Buffer } {
    const { random, customers, prefix = '' } = this.#options
    const n = this.#made++
    const one = `evt_${prefix}${n}`
    const body = eventBody({ id: one, customer: `cus_${Math.floor(random() * customers)}` })
    const made = { id: one, body }
    this.#recent[n % RECENT_MAX] = made
    return made
  }

  #note(id: string, { status, retryAfter }: Answered): void {
    this.answers[status] = (this.answers[status] ?? 0) + 1
    if (status === 200 && !this.acknowledged.has(id)) {
      this.acknowledged.add(id)
      this.#options.onAcknowledged?.(id)
    }
    if (status === 503 && !retryAfter) this.bare503++
    for (const watch of this.#watchers) watch()
  }
}

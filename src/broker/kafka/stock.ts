import type { Clock } from '../../core/clock.ts'
import type { Held, Share } from './share.ts'

/** One lending of one message: what was lent again since is another one's. */
export interface Loan {
  readonly held: Held
  readonly number: number
}

interface Lending {
  readonly untilAt: number
  readonly loans: readonly Loan[]
}

/** How much is kept in memory, read and not acknowledged, before no more is read. */
const HELD_MAX = 5_000
const HELD_BYTES_MAX = 32 * 1024 * 1024
/** A refused message rests so long, or it would go round as fast as the machine can. */
const REFUSED_MS = 100

/**
 * What was read and is not done: waiting, lent, or refused a moment ago. Messages of a partition are lent in their order; what
 * comes back because nobody acknowledged it goes first, what was refused goes last.
 */
export class Stock {
  readonly #clock: Clock
  readonly #lentMs: number
  readonly #changed: () => void
  readonly #ready = new Set<Held>()
  #back: Held[] = []
  #lent: Lending[] = []
  #count = 0
  #bytes = 0
  #alarm: (() => void) | null = null

  /** `changed` is told when there is something to lend that was not there before. */
  constructor(clock: Clock, { lentMs, changed }: { lentMs: number; changed: () => void }) {
    this.#clock = clock
    this.#lentMs = lentMs
    this.#changed = changed
  }

  get full(): boolean {
    return this.#count >= HELD_MAX || this.#bytes >= HELD_BYTES_MAX
  }

  add(some: readonly Held[]): void {
    for (const held of some) {
      held.share.hold(held)
      this.#ready.add(held)
      this.#count++
      this.#bytes += held.message.body.byteLength
    }
    if (some.length > 0) this.#changed()
  }

  lend(max: number): Loan[] {
    this.#expire()
    const loans: Loan[] = []
    for (const held of this.#next(max)) {
      held.state = 'lent'
      loans.push({ held, number: ++held.lends })
    }
    if (loans.length > 0) this.#lent.push({ untilAt: this.#clock.now() + this.#lentMs, loans })
    this.#watch()
    return loans
  }

  /** Whoever acknowledges it, and however late: it is done. */
  done({ held }: Loan): void {
    if (held.state === 'done' || held.share.lost) return
    held.state = 'done'
    held.share.drop(held)
    this.#ready.delete(held)
    this.#less(held)
  }

  refuse({ held, number }: Loan): void {
    if (held.state !== 'lent' || held.lends !== number || held.share.lost) return
    held.state = 'refused'
    this.#clock.after(REFUSED_MS, () => {
      if (held.state !== 'refused' || held.share.lost) return
      held.state = 'ready'
      this.#ready.add(held)
      this.#changed()
    })
  }

  /** Nothing more of it is lent from now on. */
  withhold(share: Share): void {
    for (const held of share.held) this.#ready.delete(held)
    this.#back = this.#back.filter((held) => held.share !== share)
  }

  /** Is anything of it with somebody? */
  isLent(share: Share): boolean {
    for (const { state } of share.held) if (state === 'lent') return true
    return false
  }

  lose(share: Share): void {
    if (share.lost) return
    this.withhold(share)
    for (const held of share.held) this.#less(held)
    share.lost = true
  }

  close(): void {
    this.#alarm?.()
  }

  #next(max: number): Held[] {
    // What was acknowledged after its time is still among those that came back.
    this.#back = this.#back.filter(({ state }) => state === 'ready')
    const some = this.#back.splice(0, max)
    for (const held of this.#ready) {
      if (some.length >= max) break
      this.#ready.delete(held)
      some.push(held)
    }
    return some
  }

  #expire(): void {
    const now = this.#clock.now()
    const over: Held[] = []
    while (this.#lent[0] && this.#lent[0].untilAt <= now) {
      for (const { held, number } of this.#lent.shift()?.loans ?? []) {
        if (held.state !== 'lent' || held.lends !== number || held.share.lost) continue
        held.state = 'ready'
        over.push(held)
      }
    }
    if (over.length > 0) this.#back = [...this.#back, ...over].sort(byPlace)
  }

  /** One timer, for the loan that ends first. */
  #watch(): void {
    const [first] = this.#lent
    if (this.#alarm || !first) return
    this.#alarm = this.#clock.after(first.untilAt - this.#clock.now(), () => {
      this.#alarm = null
      this.#expire()
      this.#watch()
      this.#changed()
    })
  }

  #less({ message }: Held): void {
    this.#count--
    this.#bytes -= message.body.byteLength
  }
}

const byPlace = (one: Held, other: Held): number =>
  one.share.partition - other.share.partition || Number(one.offset - other.offset)

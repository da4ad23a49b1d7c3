import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Reading } from './gauge.ts'
import type { Counts, Happened, Rate, Snapshot } from './view.ts'

/** What the sender says of its deliveries. */
export interface Sent {
  readonly sent: number
  readonly accepted: number
  readonly repeats: number
  readonly refused: number
  /** Answered with 503, and to come again. */
  readonly later: number
}

const LAST_MAX = 100
const DEAD_MAX = 20
const HISTORY_MAX = 400
/** Rates are over the last second: so many ticks. */
export const TICKS_PER_SECOND = 4

/** Gathers from the log and from the sender what the view shows. */
export class Feed {
  readonly log: Logger
  readonly #clock: Clock
  readonly #startedAt: number
  #counts: Record<'done' | 'retry' | 'dead', number> = { done: 0, retry: 0, dead: 0 }
  #last: Happened[] = []
  #dead: Happened[] = []
  #sent: Sent = { sent: 0, accepted: 0, repeats: 0, refused: 0, later: 0 }
  #received = new Trace()
  #done = new Trace()
  #waiting: number[] = []
  /** Hears of each outcome, as it comes. */
  readonly #heard: (happened: Happened) => void

  constructor({ clock, heard, also }: { clock: Clock; heard?: (happened: Happened) => void; also: Logger }) {
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#heard = heard ?? (() => {})
    const take = (fields: object, message: string) => this.#take(fields, message)
    // What is no outcome is trouble of the process itself, and is for the terminal.
    this.log = {
      debug: take,
      info: take,
      warn: (fields, message) => take(fields, message) ?? also.warn(fields, message),
      error: (fields, message) => take(fields, message) ?? also.error(fields, message),
    }
  }

  tick(sent: Sent, broker: Reading | null): void {
    this.#sent = sent
    this.#waiting.push(broker?.waiting ?? 0)
    if (this.#waiting.length > HISTORY_MAX) this.#waiting.shift()
    this.#received.note(sent.sent)
    this.#done.note(this.#counts.done)
  }

  snapshot(given: Pick<Snapshot, 'topology' | 'note' | 'public' | 'private' | 'broker' | 'backlog'>): Snapshot {
    return {
      ...given,
      ...this.told(),
      received: this.#received.rate(),
      waiting: this.#waiting,
      done: this.#done.rate(),
      last: this.#last,
      dead: this.#dead,
    }
  }

  told(): { elapsedMs: number; counts: Counts } {
    const { repeats: repeat, refused, later } = this.#sent
    return {
      elapsedMs: this.#clock.now() - this.#startedAt,
      counts: { ...this.#counts, repeat, refused: refused + later },
    }
  }

  /** True when it was an outcome. */
  #take(fields: object, message: string): true | null {
    const happened = outcomeIn(fields, message, this.#clock.now())
    if (!happened) return null
    const { outcome } = happened
    if (outcome === 'done' || outcome === 'retry' || outcome === 'dead') this.#counts[outcome]++
    keep(this.#last, happened, LAST_MAX)
    if (outcome === 'dead') keep(this.#dead, happened, DEAD_MAX)
    this.#heard(happened)
    return true
  }
}

function keep(list: Happened[], happened: Happened, max: number): void {
  list.unshift(happened)
  if (list.length > max) list.pop()
}

function outcomeIn(fields: object, message: string, at: number): Happened | null {
  const { outcome, type, id, object, attempt, delayMs } = fields as Partial<Happened>
  if (typeof outcome !== 'string' || typeof type !== 'string' || typeof id !== 'string') return null
  const why = message === outcome ? '' : message
  return { at, outcome, type, id, object: object ?? null, attempt: attempt ?? 1, delayMs: delayMs ?? null, why }
}

/** A total as it grows. */
class Trace {
  #totals: number[] = [0]
  #rates: number[] = []

  note(total: number): void {
    this.#totals.push(total)
    if (this.#totals.length > TICKS_PER_SECOND + 1) this.#totals.shift()
    this.#rates.push(this.#perSecond())
    if (this.#rates.length > HISTORY_MAX) this.#rates.shift()
  }

  rate(): Rate {
    return { total: this.#totals.at(-1) ?? 0, perSecond: this.#rates.at(-1) ?? 0, history: this.#rates }
  }

  #perSecond(): number {
    const [first = 0, last = 0] = [this.#totals[0], this.#totals.at(-1)]
    return ((last - first) * TICKS_PER_SECOND) / Math.max(1, this.#totals.length - 1)
  }
}

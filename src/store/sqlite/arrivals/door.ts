import type { Clock } from '../../../core/clock.ts'
import { failure } from '../../../core/errors.ts'
import type { Envelope, Event } from '../../../core/event.ts'
import type { Admitted, Receipt } from '../../store.ts'
import { Hand } from './hand.ts'
import { ArrivalsLog } from './log.ts'
import { folderOf, type Place } from './place.ts'
import type { Progress } from './progress.ts'
import { Receipts } from './receipts.ts'
import { Summons } from './summons.ts'

/** So many events may wait for a writer that cannot write; then nothing more is taken. */
const UNREAD_MAX = 100_000

const NOTHING = new Uint8Array(0)

export interface DoorOptions {
  readonly ledger: string
  readonly progress: Progress
  readonly clock: Clock
  /** The number of the first segment. */
  readonly first: number
  /** Calls the writer, who sleeps. */
  readonly rouse: () => void
}

/** Where events come in: in the thread that answers for them, and without waiting for the writer. */
export class Door {
  readonly #log: ArrivalsLog
  readonly #hand: Hand
  readonly #receipts = new Receipts()
  readonly #summons: Summons

  constructor({ ledger, progress, clock, first, rouse }: DoorOptions) {
    this.#summons = new Summons(clock, rouse)
    this.#log = new ArrivalsLog(folderOf(ledger), { first, progress, clock, rouse: () => this.#summons.call() })
    this.#hand = new Hand(ledger, progress)
  }

  /** Resolves when they are on the disk. */
  async bring(events: readonly Envelope[]): Promise<Receipt> {
    if (this.#receipts.size >= UNREAD_MAX) throw failure('store_unavailable')
    let written: readonly Place[] = []
    let admitted: Promise<readonly Admitted[]> = Promise.resolve([])
    try {
      await this.#log.append(events, (places) => {
        written = places
        admitted = this.#receipts.wait(places)
        this.#hand.add(places, events)
      })
      return { admitted }
    } catch (error) {
      this.#receipts.drop(written, error)
      throw error
    }
  }

  /** From here on events are kept at hand, since somebody works them. */
  want(): void {
    this.#hand.want()
    this.#summons.always()
  }

  /** Somebody waits for what became of events. */
  hurry(): void {
    this.#summons.now()
  }

  /** The event at that place, from memory or from the disk. */
  event(place: Place): Event {
    return this.#hand.take(place)
  }

  /** Its body, from the disk. */
  body(place: Place): Uint8Array {
    return this.#hand.read(place)?.body ?? NOTHING
  }

  report(places: readonly Place[], admitted: readonly Admitted[]): void {
    this.#receipts.report(places, admitted)
  }

  /** Waits for what is being written; the writer may still report. */
  shut(): Promise<void> {
    return this.#log.close()
  }

  end(error: Error): void {
    this.#receipts.end(error)
    this.#hand.close()
  }
}

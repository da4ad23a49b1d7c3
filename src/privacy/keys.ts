import { createSecretKey, randomBytes } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import { type About, dateOf, dayOf, type Master } from './master.ts'
import { type BodyKey, newKeyId } from './sealed-body.ts'

/** Keys are made so many days before they are needed: for so long nobody who seals needs the shelf. */
export const AHEAD_DAYS = 2
const KEY_BYTES = 32

/** Where all processes find the same wrapped keys: the store's `edgeKeys`. */
export interface Shelf {
  offer(key: WrappedKey): Promise<WrappedKey>
  known(): Promise<readonly WrappedKey[]>
  destroy(days: number): Promise<number>
}

export interface WrappedKey extends About {
  readonly wrapped: string
}

export interface KeyringOptions {
  readonly shelf: Shelf
  readonly master: Master
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  /** A key is destroyed so many days after its own. */
  readonly days: number
  /** The age of the oldest message that may still have to be opened: younger keys than that are kept, whatever `days` says. */
  readonly oldestMs?: () => Promise<number>
}

/** One random key a day (UTC), the same in all processes. What was unwrapped once stays in memory until it is destroyed. */
export class Keyring {
  readonly #options: KeyringOptions
  readonly #wrapped = new Map<string, WrappedKey>()
  readonly #keys = new Map<string, Promise<BodyKey>>()
  /** Ready to seal with, by day. */
  readonly #ready = new Map<number, BodyKey>()
  #looking: Promise<void> = Promise.resolve()
  #look: Promise<void> | null = null
  #keeping: Promise<void> | null = null

  constructor(options: KeyringOptions) {
    this.#options = options
  }

  get place(): string {
    return this.#options.master.place
  }

  /** Today, as people write it. */
  date(): string {
    return dateOf(this.#day())
  }

  today(): BodyKey | null {
    return this.#ready.get(this.#day()) ?? null
  }

  /** Null: there is no key of that id any more. Rejects when that cannot be known just now, or when it cannot be unwrapped. */
  async find(id: string): Promise<BodyKey | null> {
    // Another process may have made it since we looked.
    if (!this.#wrapped.has(id)) await this.#lookNow()
    const wrapped = this.#wrapped.get(id)
    return wrapped ? this.#unwrapped(wrapped) : null
  }

  /** Makes the keys of today and of the days ahead, and destroys those whose time is over. One pass at a time. */
  keep(): Promise<void> {
    this.#keeping ??= this.#pass().finally(() => (this.#keeping = null))
    return this.#keeping
  }

  async #pass(): Promise<void> {
    await this.#lookNow()
    const today = this.#day()
    for (let day = today; day <= today + AHEAD_DAYS; day++) this.#ready.set(day, await this.#keyOf(day))
    // A clock may be set back over midnight.
    for (const day of this.#ready.keys()) if (day < today - 1) this.#ready.delete(day)
    await this.#destroy()
  }

  async #keyOf(day: number): Promise<BodyKey> {
    const known = [...this.#wrapped.values()].find((key) => key.day === day)
    return this.#unwrapped(known ?? (await this.#make(day)))
  }

  async #make(day: number): Promise<WrappedKey> {
    const { master, shelf } = this.#options
    const about = { day, id: newKeyId() }
    const bytes = randomBytes(KEY_BYTES)
    const wrapped = await master.wrap(bytes, about)
    bytes.fill(0)
    // Nobody is offered a key that can be wrapped and not unwrapped.
    const tried = await master.unwrap(wrapped, about)
    tried.fill(0)
    const { id, wrapped: agreed } = await shelf.offer({ ...about, wrapped })
    const key = { day, id, wrapped: agreed }
    this.#wrapped.set(id, key)
    return key
  }

  #unwrapped(wrapped: WrappedKey): Promise<BodyKey> {
    const known = this.#keys.get(wrapped.id)
    if (known) return known
    const key = this.#unwrap(wrapped)
    this.#keys.set(wrapped.id, key)
    key.catch(() => this.#keys.delete(wrapped.id))
    return key
  }

  async #unwrap({ id, day, wrapped }: WrappedKey): Promise<BodyKey> {
    const bytes = await this.#options.master.unwrap(wrapped, { id, day })
    const key = createSecretKey(bytes)
    bytes.fill(0)
    return { id, key }
  }

  /** A look that begins after this call: one that is under way may have missed what was just made. */
  #lookNow(): Promise<void> {
    this.#look ??= this.#looking.then(() => {
      this.#look = null
      const looking = this.#readShelf()
      this.#looking = looking.catch(() => {})
      return looking
    })
    return this.#look
  }

  async #readShelf(): Promise<void> {
    // What is made while we read may be missing in the answer, and is not destroyed for all that.
    const before = [...this.#wrapped.keys()]
    const known = new Map((await this.#options.shelf.known()).map((key) => [key.id, key]))
    for (const id of before) if (!known.has(id)) this.#forget(id)
    for (const [id, key] of known) this.#wrapped.set(id, key)
  }

  #forget(id: string): void {
    this.#wrapped.delete(id)
    this.#keys.delete(id)
    for (const [day, key] of this.#ready) if (key.id === id) this.#ready.delete(day)
  }

  async #destroy(): Promise<void> {
    const { shelf, log, days, oldestMs = async () => 0 } = this.#options
    try {
      // A message is no older than the key that it was sealed with; the day more is for clocks that differ.
      const needed = dayOf(await oldestMs()) + 1
      if (needed > days) log.warn({}, `vault: keys are kept for ${needed} days, since the broker has messages that old`)
      const gone = await shelf.destroy(Math.max(days, needed))
      if (gone === 0) return
      log.info({}, `vault: the keys of ${gone} days are destroyed`)
      await this.#lookNow()
    } catch (error) {
      log.warn({}, `vault: no key is destroyed for now: ${(error as Error).message}`)
    }
  }

  #day(): number {
    return dayOf(this.#options.clock.now())
  }
}

import type { DatabaseSync } from 'node:sqlite'

/** What is known of one Stripe object: the lane it keeps, its last event to arrive, and how far it has been done. */
export interface Known {
  readonly object: string
  readonly tenant: number
  readonly lane: string
  last: number
  lastCreatedAt: number
  donePosition: number
}

const KEPT = 8192

/** Per-object rows with a cache in front; what changed is written by the projection, in the order of the ids. */
export class Objects {
  #young = new Map<string, Known>()
  #old = new Map<string, Known>()
  #dirty = new Map<string, Known>()
  readonly #select
  readonly #upsert

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('select * from hookkeeper_objects where object = ? and tenant = ?')
    this.#upsert = db.prepare(`
      insert into hookkeeper_objects (object, tenant, lane, last, last_created, done_position) values (?, ?, ?, ?, ?, ?)
      on conflict (object, tenant) do update set
        last = excluded.last, last_created = excluded.last_created, done_position = excluded.done_position`)
  }

  find(object: string, tenant: number): Known | null {
    const key = keyOf(object, tenant)
    const known = this.#young.get(key) ?? this.#old.get(key) ?? this.#dirty.get(key) ?? this.#read(object, tenant)
    if (known) this.#cache(key, known)
    return known
  }

  /** Notes an event of the object that just arrived; gives what was known before. */
  seen(
    object: string,
    tenant: number,
    event: { seq: number; lane: string; createdAt: number },
  ): { lane: string; prior: number; near: boolean } {
    const known = this.find(object, tenant)
    if (!known) {
      this.#change({
        object,
        tenant,
        lane: event.lane,
        last: event.seq,
        lastCreatedAt: event.createdAt,
        donePosition: -1,
      })
      return { lane: event.lane, prior: 0, near: false }
    }
    const before = {
      lane: known.lane,
      prior: known.last,
      near: Math.abs(known.lastCreatedAt - event.createdAt) <= 2000,
    }
    known.last = event.seq
    known.lastCreatedAt = event.createdAt
    this.#change(known)
    return before
  }

  done(object: string, tenant: number, position: number): void {
    const known = this.find(object, tenant)
    if (!known || known.donePosition >= position) return
    known.donePosition = position
    this.#change(known)
  }

  /** Some of its events were reopened: it is done only so far. */
  doneOnlyTo(object: string, tenant: number, position: number): void {
    const known = this.find(object, tenant)
    if (!known || known.donePosition === position) return
    known.donePosition = position
    this.#change(known)
  }

  /** Hands over what has to be written, in the order of the index. */
  takeDirty(): Known[] {
    const dirty = [...this.#dirty.values()]
    this.#dirty = new Map()
    return dirty.sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : a.tenant - b.tenant))
  }

  write(known: Known): void {
    this.#upsert.run(known.object, known.tenant, known.lane, known.last, known.lastCreatedAt, known.donePosition)
  }

  #change(known: Known): void {
    const key = keyOf(known.object, known.tenant)
    this.#dirty.set(key, known)
    this.#cache(key, known)
  }

  #read(object: string, tenant: number): Known | null {
    const row = this.#select.get(object, tenant)
    if (!row) return null
    return {
      object,
      tenant,
      lane: String(row['lane']),
      last: Number(row['last']),
      lastCreatedAt: Number(row['last_created']),
      donePosition: Number(row['done_position']),
    }
  }

  // Two generations: the old one is thrown away whole, so that the cache needs no list of who was used when.
  #cache(key: string, known: Known): void {
    this.#young.set(key, known)
    if (this.#young.size < KEPT) return
    this.#old = this.#young
    this.#young = new Map()
  }
}

const keyOf = (object: string, tenant: number) => `${object} ${tenant}`

import type { DatabaseSync } from 'node:sqlite'
import type { Ref } from '../store.ts'
import { ByTenant } from './by-tenant.ts'

/** What is known of one Stripe object: the lane it keeps, its last event to arrive, and how far it has been done. */
export interface Known {
  readonly object: string
  readonly tenant: number
  readonly lane: string
  last: Ref
  lastCreatedAt: number
  donePosition: number
  /** The table does not say so yet. */
  dirty: boolean
}

/** Per-object rows; those touched lately are in memory, and what changed is written by the projection, in the order of the ids. */
export class Objects {
  /** Touched since the last batch was handed over, and before that. */
  #young = new ByTenant<Known>()
  #old = new ByTenant<Known>()
  readonly #select
  readonly #selectAll
  readonly #upsert

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('select * from hookkeeper_objects where object = ? and tenant = ?')
    this.#selectAll = db.prepare('select tenant, last from hookkeeper_objects where object = ?')
    this.#upsert = db.prepare(`
      insert into hookkeeper_objects (object, tenant, lane, last, last_created, done_position) values (?, ?, ?, ?, ?, ?)
      on conflict (object, tenant) do update set
        last = excluded.last, last_created = excluded.last_created, done_position = excluded.done_position`)
  }

  find(object: string, tenant: number): Known | null {
    const young = this.#young.get(tenant, object)
    if (young) return young
    const known = this.#old.get(tenant, object) ?? this.#read(object, tenant)
    if (known) this.#young.set(tenant, object, known)
    return known
  }

  /** The last event of that object in each tenant that has it; `tenants` are all there are. */
  lasts(object: string, tenants: readonly number[]): Ref[] {
    const lasts = new Map(this.#selectAll.all(object).map((row) => [Number(row['tenant']), Number(row['last'])]))
    for (const tenant of tenants) {
      const known = this.#young.get(tenant, object) ?? this.#old.get(tenant, object)
      if (known) lasts.set(tenant, known.last)
    }
    return [...lasts.values()]
  }

  /** Notes an event of the object that just arrived; gives what was known before. */
  seen(
    object: string,
    tenant: number,
    { seq, lane, createdAt }: { seq: Ref; lane: string; createdAt: number },
  ): { lane: string; prior: number; near: boolean } {
    const known = this.find(object, tenant)
    if (!known) {
      const first = { object, tenant, lane, last: seq, lastCreatedAt: createdAt, donePosition: -1, dirty: true }
      this.#young.set(tenant, object, first)
      return { lane, prior: 0, near: false }
    }
    const near = Math.abs(known.lastCreatedAt - createdAt) <= 2000
    const before = { lane: known.lane, prior: known.last, near }
    known.last = seq
    known.lastCreatedAt = createdAt
    known.dirty = true
    return before
  }

  done(object: string, tenant: number, position: number): void {
    const known = this.find(object, tenant)
    if (!known || known.donePosition >= position) return
    known.donePosition = position
    known.dirty = true
  }

  /** Some of its events were reopened: it is done only so far. */
  doneOnlyTo(object: string, tenant: number, position: number): void {
    const known = this.find(object, tenant)
    if (!known || known.donePosition === position) return
    known.donePosition = position
    known.dirty = true
  }

  /** Hands over what has to be written, in the order of the table. */
  takeDirty(): Known[] {
    this.#old = this.#young
    this.#young = new ByTenant()
    const dirty: Known[] = []
    for (const [, , known] of this.#old.sorted()) {
      if (known.dirty) dirty.push(known)
      known.dirty = false
    }
    return dirty
  }

  write(known: Known): void {
    this.#upsert.run(known.object, known.tenant, known.lane, known.last, known.lastCreatedAt, known.donePosition)
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
      dirty: false,
    }
  }
}

import type { DatabaseSync } from 'node:sqlite'
import type { Ref } from '../store.ts'
import { ByTenant } from './by-tenant.ts'

export interface Arrival {
  readonly id: string
  readonly tenant: number
  readonly ref: Ref
}

/**
 * Which ids have been seen. The latest are in memory only, until the projection writes them in the order of the table: ids of
 * one second come in no order, and inserted one by one each would dirty a page of its own. A crash loses none, for each stands
 * in its event's row as well.
 */
export class Seen {
  #young = new ByTenant<Ref>()
  /** Handed over to be written, and not all in the table yet. */
  #leaving = new ByTenant<Ref>()
  readonly #select
  readonly #selectAll
  readonly #insert

  constructor(db: DatabaseSync) {
    this.#select = db.prepare('select 1 from hookkeeper_seen where id = ? and tenant = ?')
    this.#selectAll = db.prepare('select seq from hookkeeper_seen where id = ?')
    this.#insert = db.prepare('insert or ignore into hookkeeper_seen (id, tenant, seq) values (?, ?, ?)')
  }

  has(id: string, tenant: number): boolean {
    return this.#kept(id, tenant) !== undefined || this.#select.get(id, tenant) !== undefined
  }

  add(id: string, tenant: number, ref: Ref): void {
    this.#young.set(tenant, id, ref)
  }

  /** The events of that id, newest first: several tenants may have it; `tenants` are all there are. */
  refs(id: string, tenants: readonly number[]): Ref[] {
    const refs = new Set(this.#selectAll.all(id).map((row) => Number(row['seq'])))
    for (const tenant of tenants) {
      const ref = this.#kept(id, tenant)
      if (ref !== undefined) refs.add(ref)
    }
    return [...refs].sort((a, b) => b - a)
  }

  /** Hands over what has to be written, in the order of the table. */
  take(): Arrival[] {
    this.#leaving = this.#young
    this.#young = new ByTenant()
    return Array.from(this.#leaving.sorted(), ([tenant, id, ref]) => ({ id, tenant, ref }))
  }

  write({ id, tenant, ref }: Arrival): void {
    this.#insert.run(id, tenant, ref)
  }

  /** All that was handed over is in the table. */
  wrote(): void {
    this.#leaving = new ByTenant()
  }

  #kept(id: string, tenant: number): Ref | undefined {
    return this.#young.get(tenant, id) ?? this.#leaving.get(tenant, id)
  }
}

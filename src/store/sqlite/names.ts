import type { DatabaseSync } from 'node:sqlite'
import type { Tenant } from '../../core/event.ts'

/** Strings that recur in every row, as small numbers: a tenth of the bytes, and the scheduler's types. */
export class Names {
  readonly #byName = new Map<string, number>()
  readonly #byId: string[] = []
  readonly #insert

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('insert into hookkeeper_names (id, name) values (?, ?)')
    for (const row of db.prepare('select id, name from hookkeeper_names order by id').all()) {
      this.#byName.set(String(row['name']), Number(row['id']))
      this.#byId[Number(row['id'])] = String(row['name'])
    }
  }

  id(name: string): number {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const id = Math.max(1, this.#byId.length)
    this.#insert.run(id, name)
    this.#byName.set(name, id)
    this.#byId[id] = name
    return id
  }

  /** The id, or null when nothing here ever bore that name. */
  known(name: string): number | null {
    return this.#byName.get(name) ?? null
  }

  name(id: number): string {
    return this.#byId[id] ?? ''
  }
}

export class Tenants {
  readonly #byKey = new Map<string, number>()
  readonly #byId: Tenant[] = []
  readonly #insert

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('insert into hookkeeper_tenants (id, account, connected, livemode) values (?, ?, ?, ?)')
    for (const row of db.prepare('select * from hookkeeper_tenants order by id').all()) {
      this.#keep(Number(row['id']), {
        account: String(row['account']),
        connected: String(row['connected']) || null,
        livemode: row['livemode'] === 1,
      })
    }
  }

  id(tenant: Tenant): number {
    const known = this.#byKey.get(keyOf(tenant))
    if (known !== undefined) return known
    const id = Math.max(1, this.#byId.length)
    this.#insert.run(id, tenant.account, tenant.connected ?? '', tenant.livemode ? 1 : 0)
    this.#keep(id, { account: tenant.account, connected: tenant.connected, livemode: tenant.livemode })
    return id
  }

  tenant(id: number): Tenant {
    return this.#byId[id]!
  }

  /** The ids of all tenants that fit. */
  matching(fits: (tenant: Tenant) => boolean): number[] {
    return this.#byId.flatMap((tenant, id) => (fits(tenant) ? [id] : []))
  }

  #keep(id: number, tenant: Tenant): void {
    this.#byKey.set(keyOf(tenant), id)
    this.#byId[id] = tenant
  }
}

const keyOf = (tenant: Tenant) => `${tenant.livemode ? 'live' : 'test'} ${tenant.connected ?? ''} ${tenant.account}`

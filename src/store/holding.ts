import { matches, type Tenant } from '../core/event.ts'
import { hash53 } from './hash.ts'
import type { Hold } from './store.ts'

interface Names {
  name(id: number): string
}

interface Tenants {
  tenant(id: number): Tenant
}

/** What is held by rule just now, as the scheduler asks for it (by number) and as people do (by name). */
export class Holding {
  readonly #names: Names
  readonly #tenants: Tenants
  #holds: readonly Hold[] = []

  constructor(names: Names, tenants: Tenants) {
    this.#names = names
    this.#tenants = tenants
  }

  replace(holds: readonly Hold[]): (type: number, lane: number, tenant: number) => boolean {
    this.#holds = holds
    if (holds.length === 0) return () => false
    const rules = holds.map((hold) => this.#rule(hold))
    return (type, lane, tenant) => rules.some((rule) => rule(type, lane, tenant))
  }

  /** Why an event is held by rule, or null. */
  why(event: { type: string; lane: string; tenant: Tenant }): string | null {
    return this.#holds.find((hold) => covers(hold, event))?.why ?? null
  }

  // Types and tenants are looked up once each: the rule is asked for a million events in a row.
  #rule(hold: Hold): (type: number, lane: number, tenant: number) => boolean {
    const lanes = hold.lanes?.length ? new Set(hold.lanes.map(hash53)) : null
    const types = new Map<number, boolean>()
    const tenants = new Map<number, boolean>()
    const typed = remembered(types, (id) => coversType(hold, this.#names.name(id)))
    const accounted = remembered(tenants, (id) => coversTenant(hold, this.#tenants.tenant(id)))
    return (type, lane, tenant) => (!lanes || lanes.has(lane)) && typed(type) && accounted(tenant)
  }
}

const covers = (hold: Hold, event: { type: string; lane: string; tenant: Tenant }): boolean =>
  coversType(hold, event.type) &&
  coversTenant(hold, event.tenant) &&
  (!hold.lanes?.length || hold.lanes.includes(event.lane))

const coversType = (hold: Hold, type: string): boolean =>
  !hold.types?.length || hold.types.some((pattern) => matches(pattern, type))

const coversTenant = (hold: Hold, tenant: Tenant): boolean =>
  !hold.accounts?.length || hold.accounts.some((account) => account === tenant.account || account === tenant.connected)

const remembered = (known: Map<number, boolean>, ask: (id: number) => boolean) => (id: number) => {
  const answer = known.get(id) ?? ask(id)
  known.set(id, answer)
  return answer
}

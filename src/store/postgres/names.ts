import type { Tenant } from '../../core/event.ts'
import { tenantOf } from './tenants.ts'

/** Strings as small numbers, for the scheduler; this process's own, told to nobody. */
export class Names {
  readonly #ids = new Map<string, number>()
  readonly #names: string[] = ['']

  id(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#names.push(name) - 1
    this.#ids.set(name, id)
    return id
  }

  name(id: number): string {
    return this.#names[id] ?? ''
  }
}

export class Tenants extends Map<number, Tenant> {
  readonly #names = new Names()

  id(text: string): number {
    const id = this.#names.id(text)
    if (!this.has(id)) this.set(id, tenantOf(text))
    return id
  }

  tenant(id: number): Tenant {
    return this.get(id)!
  }
}

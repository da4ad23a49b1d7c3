/** A map with two keys. The text is a key as it is, so that no text is made for a look-up. */
export class ByTenant<V> {
  readonly #maps = new Map<number, Map<string, V>>()

  get(tenant: number, key: string): V | undefined {
    return this.#maps.get(tenant)?.get(key)
  }

  set(tenant: number, key: string, value: V): void {
    let map = this.#maps.get(tenant)
    if (!map) this.#maps.set(tenant, (map = new Map()))
    map.set(key, value)
  }

  /** In the order of an index on the text. What a comparison of our own takes ten times as long for, `sort` alone does at once. */
  *sorted(): Generator<[tenant: number, key: string, value: V]> {
    for (const [tenant, map] of this.#maps) {
      for (const key of [...map.keys()].sort()) yield [tenant, key, map.get(key)!]
    }
  }
}

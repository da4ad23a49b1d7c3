import type { Ref } from '../store.ts'

/** Events of which memory has it wrong, until the rows have told how they are. */
export class Wrong {
  readonly #refs = new Set<Ref>()

  get all(): readonly Ref[] {
    return [...this.#refs]
  }

  add(refs: Iterable<Ref>): void {
    for (const ref of refs) this.#refs.add(ref)
  }

  /** What could not be read stays wrong, as does what has become so meanwhile. */
  async read<V>(refs: readonly Ref[], read: (refs: readonly Ref[]) => Promise<V>): Promise<V> {
    for (const ref of refs) this.#refs.delete(ref)
    try {
      return await read(refs)
    } catch (error) {
      this.add(refs)
      throw error
    }
  }
}

/** Ids that got a 200 and whose effect has not begun: what the cluster owes, wherever it lies just now. */
export class Owed {
  readonly #ids = new Set<string>()
  readonly #worked: ReadonlySet<string>

  constructor(worked: ReadonlySet<string>) {
    this.#worked = worked
  }

  promised(id: string): void {
    // An effect may begin before the answer is heard.
    if (!this.#worked.has(id)) this.#ids.add(id)
  }

  paid(id: string): void {
    this.#ids.delete(id)
  }

  get count(): number {
    return this.#ids.size
  }
}

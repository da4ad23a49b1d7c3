import type { ProveOptions, Tried } from '../../../src/testing.ts'

/** A bug as people write it, and the same handler mended; `says` is what the report has to name. */
export interface Planted {
  readonly broken: Trial
  readonly mended: Trial
  readonly says: readonly RegExp[]
}

export interface Trial {
  readonly tried: Tried
  readonly options: ProveOptions
}

/** A table in a database elsewhere: each call is a promise. */
export class Table<Row> {
  readonly #rows = new Map<string, Row>()

  async get(key: string): Promise<Row | undefined> {
    return this.#rows.get(key)
  }

  /** Whatever was there under that key is replaced. */
  async put(key: string, row: Row): Promise<void> {
    this.#rows.set(key, row)
  }

  /** One statement: nobody comes between reading and writing. */
  async change(key: string, to: (row: Row | undefined) => Row): Promise<void> {
    this.#rows.set(key, to(this.#rows.get(key)))
  }

  clear(): void {
    this.#rows.clear()
  }

  all(): Map<string, Row> {
    return new Map(this.#rows)
  }
}

/** A table without keys. */
export class Journal<Row> {
  readonly #rows: Row[] = []

  async insert(row: Row): Promise<void> {
    this.#rows.push(row)
  }

  clear(): void {
    this.#rows.length = 0
  }

  all(): Row[] {
    return [...this.#rows]
  }
}

/** Sends what it is given, a `key` only once. */
export class Mailer {
  readonly #sent: string[] = []
  readonly #keys = new Set<string>()

  async send(mail: string, key: string | null = null): Promise<void> {
    if (key !== null && this.#keys.has(key)) return
    if (key !== null) this.#keys.add(key)
    this.#sent.push(mail)
  }

  clear(): void {
    this.#sent.length = 0
    this.#keys.clear()
  }

  all(): string[] {
    return [...this.#sent]
  }
}

type Part = { clear(): void; all(): unknown }

/** Options over some tables: they are the outside, they are emptied before each pass, and they are the state. */
export const over = (outside: Readonly<Record<string, Part>>, more: Partial<ProveOptions> = {}): ProveOptions => ({
  outside,
  reset: () => {
    for (const part of Object.values(outside)) part.clear()
  },
  state: () => Object.fromEntries(Object.entries(outside).map(([name, part]) => [name, part.all()])),
  ...more,
})

import type { DatabaseSync } from 'node:sqlite'
import type { Ref } from '../store.ts'

/** Events of one stretch, by `seq`. Files out there hold stretches of this size. */
const LENGTH = 256
/** Pairs that are known to be written; beyond it they are learned anew. */
const KNOWN_MAX = 4096

/**
 * Where in the ledger each release has worked: a sparse index. It holds more than is true (an event that another release worked
 * since stays in its old stretch), never less, so whoever finds by it looks at each event itself.
 */
export class Stretches {
  readonly #known = new Set<string>()
  readonly #insert
  readonly #below
  readonly #drop

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('insert or ignore into hookkeeper_stretches (release, stretch) values (?, ?)')
    this.#below = db.prepare(
      'select stretch from hookkeeper_stretches where release = ? and stretch <= ? order by stretch desc',
    )
    this.#drop = db.prepare('delete from hookkeeper_stretches where release = ? and stretch < ?')
  }

  /** In the transaction of the lease, so that it is there whenever the lease is. */
  note(ref: Ref, release: number): void {
    const stretch = Math.floor(ref / LENGTH)
    const pair = `${release} ${stretch}`
    if (this.#known.has(pair)) return
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.add(pair)
    this.#insert.run(release, stretch)
  }

  /** Newest first, each as its bounds: from the first, to before the last. */
  *of(release: number, before: Ref): Generator<{ from: Ref; to: Ref }> {
    const last = Math.floor(Math.max(0, before - 1) / LENGTH)
    for (const row of this.#below.iterate(release, last)) {
      const from = Number(row['stretch']) * LENGTH
      yield { from, to: Math.min(before, from + LENGTH) }
    }
  }

  /** Forgets what lies before the oldest event that is still there. */
  drop(release: number, oldest: Ref): void {
    this.#drop.run(release, Math.floor(oldest / LENGTH))
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { failure } from '../../core/errors.ts'

/** How much the log takes before it is moved into the file, and about how much a round writes beside bodies. */
const LOG_BYTES = 8 * 1024 * 1024
const ROUND_BYTES = 24 * 4096

/** Moves the log's pages into the file between two rounds and not within a commit, so that nobody waits for it. */
export class Checkpoints {
  readonly #db: DatabaseSync
  /** About how many bytes the log holds that the file does not. */
  #logged = 0

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** After each round: so many bytes were in it beside what each has, bodies and what was deleted. */
  after(bytes: number): void {
    this.#logged += ROUND_BYTES + bytes
    if (this.#logged < LOG_BYTES) return
    try {
      this.#db.exec('pragma wal_checkpoint(passive)')
      this.#logged = 0
    } catch {
      // A full disk, or one that fails: what is in the log is safe there, and the next round tries again. A commit that cannot be
      // written for the same reason is told to whoever asked for it.
    }
  }

  /** After a failed sync nobody can say which pages of the log the disk has: all are written once more. Throws if they cannot be. */
  whole(): void {
    const { busy } = this.#db.prepare('pragma wal_checkpoint(full)').get() as { busy: number }
    if (busy) throw failure('store_unavailable')
  }
}

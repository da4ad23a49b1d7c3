import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VirtualClock } from '../../../src/core/clock.ts'
import { openSqlite } from '../../../src/store/sqlite.ts'
import type { Store } from '../../../src/store/store.ts'

/** A ledger that can be killed: what a crash leaves are the files as they lie there between two commits. */
export class LedgerFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hookkeeper-simulation-'))
  readonly #clock: VirtualClock
  #lives = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  get path(): string {
    return join(this.#folder, `${this.#lives}.db`)
  }

  open(): Promise<Store> {
    return openSqlite({ path: this.path, thread: false, clock: this.#clock })
  }

  /** From here on the next `open` finds what was on the disk; the store of the life before goes on with files of its own. */
  crash(): void {
    const before = this.path
    this.#lives++
    for (const suffix of ['', '-wal'])
      if (existsSync(before + suffix)) copyFileSync(before + suffix, this.path + suffix)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

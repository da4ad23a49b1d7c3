import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, VirtualClock } from '../../src/core/clock.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import type { Harness, Opened } from '../../src/testing/harness.ts'

// Days pass in some trials: an hour between two looks is enough for retention there.
const retention = { everyMs: 3_600_000 }

/** The embedded store in this thread, on a clock that stands still until told. */
export const local: Harness = {
  offers: ['clock', 'crash', 'transact'],
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-'))
    const clock = new VirtualClock()
    const files = { n: 0, path: join(folder, '0.db') }
    const open = () => openSqlite({ path: files.path, thread: false, clock, retention })
    const opened: Store[] = [await open()]
    return {
      store: opened[0]!,
      clock,
      async reopen(how) {
        if (how === 'clean') await opened.pop()!.close()
        else files.path = copied(files.path, join(folder, `${++files.n}.db`))
        opened.push(await open())
        return opened.at(-1)!
      },
      async close() {
        for (const store of opened) await store.close()
        rmSync(folder, { recursive: true })
      },
    }
  },
}

/**
 * What `kill -9` leaves between two commits: the file and its log as they lie there. The store that was killed goes on with
 * files of its own, where it harms nobody.
 */
function copied(from: string, to: string): string {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix)
  return to
}

/** The embedded store with its writer in a thread, as it runs in production. */
export const threaded: Harness = {
  offers: ['transact'],
  async open(): Promise<Opened> {
    const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-'))
    const open = () => openSqlite({ path: join(folder, 'ledger.db') })
    let store = await open()
    return {
      store,
      clock: {
        now: systemClock.now,
        advance: () => Promise.reject(new Error('this clock goes by itself')),
      },
      async reopen() {
        await store.close()
        store = await open()
        return store
      },
      async close() {
        await store.close()
        rmSync(folder, { recursive: true })
      },
    }
  },
}

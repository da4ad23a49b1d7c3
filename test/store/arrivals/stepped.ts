import { copyFileSync, cpSync, existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { type Clock, VirtualClock } from '../../../src/core/clock.ts'
import type { Envelope } from '../../../src/core/event.ts'
import { silent } from '../../../src/core/service.ts'
import { Lanes } from '../../../src/store/lanes.ts'
import { migrateSqlite } from '../../../src/store/migrate.ts'
import { Arrivals } from '../../../src/store/sqlite/arrivals/arrivals.ts'
import { ArrivalsLog } from '../../../src/store/sqlite/arrivals/log.ts'
import { folderOf } from '../../../src/store/sqlite/arrivals/place.ts'
import { Progress } from '../../../src/store/sqlite/arrivals/progress.ts'
import type { Report } from '../../../src/store/sqlite/arrive.ts'
import { connect } from '../../../src/store/sqlite/connection.ts'
import { syncedByCommit } from '../../../src/store/sqlite/sync.ts'
import { Writer } from '../../../src/store/sqlite/writer.ts'
import { ledgerPath } from './setup.ts'

export const WANT = {
  max: 9,
  waitMs: 0,
  worker: 'w',
  release: 'r',
  handles: [{ pattern: '*', name: 'h', leaseMs: 30_000, room: 9, strict: false }],
}

interface Clocks {
  readonly clock?: VirtualClock
  /** Of whoever takes the events, where it is another. */
  readonly logClock?: Clock
}

/** The writer with its arrivals, in this thread and in steps. */
export async function opened(t: TestContext, path = ledgerPath(t), clocks: Clocks = {}) {
  const { clock = new VirtualClock(Date.now()), logClock = clock } = clocks
  const progress = new Progress()
  const arrivals = new Arrivals(path, progress, silent)
  const db = connect(path, { checkpoints: true, syncs: 'commit' })
  migrateSqlite(db, path)
  const rounds: (() => void)[] = []
  const reports: Report[] = []
  const writer = new Writer(db, {
    clock,
    log: silent,
    retention: { bodyDays: 30, eventDays: 90, everyMs: 1000 },
    scheduler: () => new Lanes(),
    soon: (run) => void rounds.push(run),
    sync: syncedByCommit,
    arrivals,
    arrived: (report) => reports.push(report),
  })
  writer.catchUp()
  const log = new ArrivalsLog(folderOf(path), {
    first: arrivals.following,
    progress,
    clock: logClock,
    rouse: () => writer.come(),
  })
  t.after(() => log.close().then(() => writer.close()))
  const turn = () => {
    while (rounds.length > 0) for (const run of rounds.splice(0)) run()
  }
  return {
    path,
    clock,
    db,
    log,
    reports,
    turn,
    bring: (...events: Envelope[]) => log.append(events, () => {}),
    async ask(name: string, ...args: unknown[]): Promise<unknown> {
      const answer = writer.call(name, args)
      turn()
      return answer
    },
    /** What `kill -9` leaves. */
    crash(): string {
      const copy = `${path}-crashed`
      for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix)
      cpSync(folderOf(path), folderOf(copy), { recursive: true })
      return copy
    },
    ids(): string[] {
      const other = new DatabaseSync(path, { readOnly: true })
      const rows = other.prepare('select id from hookkeeper_events order by seq desc').all()
      other.close()
      return rows.map((row) => String(row['id']))
    },
  }
}

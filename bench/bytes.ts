import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/core/clock.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { openLedger } from './ledger/open.ts'
import { settle, WANT } from './ledger/run.ts'
import { envelopes } from './ledger/shape.ts'
import { freshDir } from './machine.ts'

/** Events a commit: one by one as in quiet hours, and as many as gather while the disk syncs under load. */
const SUBJECTS = { one: 1, eight: 8, sixty_four: 64 } as const
const EVENTS = { full: 50_000, quick: 2_000 }

/** What an event costs of the disk: bytes that stay, and bytes that are written on the way. A count, not a speed. */
export const bytes: Bench = {
  name: 'bytes',
  about: 'bytes kept and written for each event admitted, leased and settled: the store alone, bodies of 2.9 KB',
  reference: null,
  alternations: { full: 1, quick: 1 },
  bars: [],
  run: (settings) => alternate(Object.keys(SUBJECTS), settings, (name) => measured(name as Subject, settings)),
}

type Subject = keyof typeof SUBJECTS

async function measured(subject: Subject, { quick, dir: under }: Settings): Promise<Figures> {
  const { dir, remove } = freshDir(under)
  try {
    const path = join(dir, 'ledger.db')
    const events = quick ? EVENTS.quick : EVENTS.full
    const from = writtenBytes()
    await worked(path, { events, batch: SUBJECTS[subject] })
    const written = writtenBytes() - from
    const { bodies, rest } = keptBytes(path)
    return {
      written: [written / events, 'B'],
      kept_bodies: [bodies / events, 'B'],
      kept_rest: [rest / events, 'B'],
    }
  } finally {
    remove()
  }
}

async function worked(path: string, { events, batch }: { events: number; batch: number }): Promise<void> {
  const { ledger, close } = await openLedger(path, 'threaded', { bodyDays: 90, eventDays: 90 })
  const next = envelopes('bytes', () => systemClock.now())
  for (let made = 0; made < events; made += batch) {
    await ledger.admit(Array.from({ length: batch }, next))
    await settle(ledger, await ledger.lease(WANT))
  }
  await close()
}

/** What this process handed to the system, all threads together: segments, the write-ahead log, and the file at each checkpoint. */
const writtenBytes = () => Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

/** Segments and pages. Bodies go after `retention.bodyDays`, the rest after `retention.eventDays`. */
function keptBytes(path: string): { bodies: number; rest: number } {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = db.prepare('select name, sum(pgsize) as bytes from dbstat group by name').all()
    const sum = (bodies: boolean) =>
      rows
        .filter(({ name }) => (name === 'hookkeeper_bodies') === bodies)
        .reduce((total, { bytes }) => total + Number(bytes), 0)
    return { bodies: sum(true), rest: sum(false) }
  } finally {
    db.close()
  }
}

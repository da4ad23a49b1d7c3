import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/core/clock.ts'
import { asked } from '../test/services/postgres-client.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { withFreshDir } from './ingest.ts'
import { openLedger, taker } from './ledger/open.ts'
import { settle, WANT } from './ledger/run.ts'
import { envelopes } from './ledger/shape.ts'
import { serviceVersions, startService } from './services.ts'

/** Events a commit: one by one as in quiet hours, and as many as gather while the disk syncs under load. */
const BATCHES = { one: 1, eight: 8, sixty_four: 64 } as const
type Batch = keyof typeof BATCHES
const EVENTS = { full: 50_000, quick: 2_000 }
const ON_POSTGRES = 'postgres_'

/** What an event costs of the disk: bytes that stay, and bytes that are written on the way. A count, not a speed. */
export const bytes: Bench = {
  name: 'bytes',
  about: 'bytes kept and written for each event taken, leased and settled: the store alone, bodies of 2.9 KB',
  reference: null,
  alternations: { full: 1, quick: 1 },
  bars: [],
  versions: serviceVersions,
  run: (settings) => {
    const batches = Object.keys(BATCHES)
    const subjects = [...batches, ...batches.map((name) => `${ON_POSTGRES}${name}`)]
    return alternate(subjects, settings, (name) =>
      name.startsWith(ON_POSTGRES)
        ? onPostgres(name.slice(ON_POSTGRES.length) as Batch, settings)
        : onSqlite(name as Batch, settings),
    )
  },
}

function onSqlite(name: Batch, { quick, dir }: Settings): Promise<Figures> {
  return withFreshDir(dir, async (own) => {
    const path = join(own, 'ledger.db')
    const events = quick ? EVENTS.quick : EVENTS.full
    const from = writtenBytes()
    await worked(path, { events, batch: BATCHES[name] })
    return figures({ events, written: writtenBytes() - from, ...keptBytes(path) })
  })
}

/** Written is the log of the database alone: how often a page is written beside it is up to its checkpoints. */
async function onPostgres(name: Batch, { quick, dir }: Settings): Promise<Figures> {
  const service = await startService('postgres', dir)
  try {
    const events = quick ? EVENTS.quick : EVENTS.full
    const ask = async (text: string) => Number((await asked(service.url, text))[0]!['n'])
    const log = () => ask(`select pg_current_wal_insert_lsn() - '0/0' as n`)
    const kept = (which: string) =>
      ask(`select coalesce(sum(pg_total_relation_size(oid)), 0) as n from pg_class
           where relkind = 'r' and relname like 'hookkeeper%' and ${which}`)
    const before = await log()
    await worked(service.url, { events, batch: BATCHES[name] })
    const written = (await log()) - before
    const bodies = await kept(`relname like 'hookkeeper_bodies%'`)
    return figures({ events, written, bodies, rest: await kept(`relname not like 'hookkeeper_bodies%'`) })
  } finally {
    await service.stop()
  }
}

interface Counted {
  readonly events: number
  readonly written: number
  /** They go after `retention.bodyDays`, the rest after `retention.eventDays`. */
  readonly bodies: number
  readonly rest: number
}

const figures = ({ events, written, bodies, rest }: Counted): Figures => ({
  written: [written / events, 'B'],
  kept_bodies: [bodies / events, 'B'],
  kept_rest: [rest / events, 'B'],
})

async function worked(at: string, { events, batch }: { events: number; batch: number }): Promise<void> {
  const { ledger, close } = await openLedger(at, 'threaded', { bodyDays: 90, eventDays: 90 })
  const take = taker(ledger)
  const next = envelopes('bytes', () => systemClock.now())
  for (let made = 0; made < events; ) {
    await take(Array.from({ length: batch }, next))
    made += batch
    for (let settled = 0; settled < batch; ) {
      const work = await ledger.lease(WANT)
      await settle(ledger, work)
      settled += work.length
    }
  }
  await close()
}

/** What this process handed to the system, all threads together: segments, the write-ahead log, and the file at each checkpoint. */
const writtenBytes = () => Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

/** Segments hold the bodies, pages the rest. */
function keptBytes(path: string): { bodies: number; rest: number } {
  const folder = `${path}-arrivals`
  const segments = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const { bytes } = db.prepare('select sum(pgsize) as bytes from dbstat').get()!
    return { bodies: segments.reduce((sum, size) => sum + size, 0), rest: Number(bytes) }
  } finally {
    db.close()
  }
}

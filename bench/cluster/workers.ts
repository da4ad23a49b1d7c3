import { systemClock } from '../../src/core/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { connectedTo } from '../../test/services/postgres-client.ts'
import type { Figures, Settings } from '../harness.ts'
import { SECRET, withFreshDir } from '../ingest.ts'
import { openLedger } from '../ledger/open.ts'
import { envelopes } from '../ledger/shape.ts'
import { startService } from '../services.ts'
import { launchOver } from '../subjects/on-postgres.ts'

const TAKES_MS = 20
const CONCURRENCY = 10
const BATCH = 500
/** As fast as they can be: with no work lost to the ledger, one worker does this many a second. */
const BEST_EACH = (CONCURRENCY * 1_000) / TAKES_MS

/** Some processes that work 10 at once what takes 20 ms each, over a backlog in 1,000 lanes: events done a second. */
export function workers(count: number, { quick, dir }: Settings): Promise<Figures> {
  const windowMs = quick ? 3_000 : 10_000
  return withFreshDir(dir, async (own) => {
    const service = await startService('postgres', dir)
    const store = await openLedger(service.url, 'threaded', { bodyDays: 90, eventDays: 90 })
    try {
      await filled(store, Math.ceil((BEST_EACH * count * (windowMs + WARM_MS + STARTING_MS)) / 1_000))
      const options = { dir: own, secret: SECRET, roles: ['processing'], takesMs: TAKES_MS } as const
      const starting = Array.from({ length: count }, (_, n) =>
        launchOver(service.url, `worker ${n + 1}`, { ...options, concurrency: CONCURRENCY }),
      )
      const running = await Promise.all(starting)
      try {
        await pause(WARM_MS)
        return { rate: [await rateOver(service.url, windowMs), '1/s'] }
      } finally {
        await Promise.all(running.map((one) => one.stop()))
      }
    } finally {
      await store.close()
      await service.stop()
    }
  })
}

/** Until each has its share of the buckets and its code is compiled. */
const WARM_MS = 5_000
const STARTING_MS = 3_000

async function filled(store: Store, events: number): Promise<void> {
  const next = envelopes('w', () => systemClock.now())
  for (let left = events; left > 0; left -= BATCH)
    await store.ledger.admit(Array.from({ length: Math.min(left, BATCH) }, next))
}

/** Counted by the database: what the processes say of themselves is up to two seconds old. */
const rateOver = (url: string, ms: number): Promise<number> =>
  connectedTo(url, async (client) => {
    const left = async () => {
      const { rows } = await client.query('select count(*)::int4 as open from hookkeeper_queue')
      return { open: rows[0].open as number, at: performance.now() }
    }
    const before = await left()
    await pause(ms)
    const after = await left()
    if (after.open === 0) throw new Error('All was done before the window was over: it measured no saturation.')
    return ((before.open - after.open) * 1_000) / (after.at - before.at)
  })

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

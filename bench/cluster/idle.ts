import { systemClock } from '../../src/core/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { sign } from '../../src/stripe/signature.ts'
import { asked } from '../../test/services/postgres-client.ts'
import type { Figures, Settings } from '../harness.ts'
import { SECRET, withFreshDir } from '../ingest.ts'
import { openLedger } from '../ledger/open.ts'
import { startService } from '../services.ts'
import { launchOver } from '../subjects/on-postgres.ts'

const REST_MS = 5_000
const BETWEEN_MS = { least: 1_500, spread: 1_000 }

/** What a process costs the database that has nothing to do, and how soon another process starts what comes out of the blue. */
export async function idle(settings: Settings): Promise<Figures> {
  const direct = await starts(settings, (url) => url)
  const polling = await starts(settings, () => undefined)
  return {
    queries: [await queries(settings), '1/s'],
    start_direct_p50: [at(direct, 0.5), 'ms'],
    start_direct_p99: [at(direct, 0.99), 'ms'],
    start_polling_p50: [at(polling, 0.5), 'ms'],
    start_polling_p99: [at(polling, 0.99), 'ms'],
  }
}

/** Transactions a second while one process in every role has nothing to do; each statement of its is one. */
function queries({ quick, dir }: Settings): Promise<number> {
  return withFreshDir(dir, async (own) => {
    const service = await startService('postgres', dir)
    try {
      const running = await launchOver(service.url, 'idle', { dir: own, secret: SECRET })
      // Its first news, and its heartbeat of the start, are over.
      await pause(REST_MS)
      const before = await transactions(service.url)
      await pause(quick ? 10_000 : 30_000)
      const after = await transactions(service.url)
      await running.stop()
      return ((after.count - before.count) * 1_000) / (after.at - before.at)
    } finally {
      await service.stop()
    }
  })
}

async function transactions(url: string): Promise<{ count: number; at: number }> {
  const [counted] = await asked<{ count: number }>(
    url,
    'select sum(xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = current_database()',
  )
  return { count: counted!.count, at: performance.now() }
}

/** Recorded -> begun, in milliseconds: single events, some time apart, taken by one process and worked by another. */
function starts({ quick, dir }: Settings, directUrl: (url: string) => string | undefined): Promise<readonly number[]> {
  return withFreshDir(dir, async (own) => {
    const service = await startService('postgres', dir)
    const direct = directUrl(service.url)
    const options = { dir: own, secret: SECRET, ...(direct && { directUrl: direct }) }
    try {
      const taker = await launchOver(service.url, 'taker', { ...options, roles: ['ingestion'] })
      const worker = await launchOver(service.url, 'worker', { ...options, roles: ['processing'] })
      await pause(REST_MS)
      const count = quick ? 5 : 30
      for (let n = 0; n < count; n++) {
        await post(taker.port, `evt_idle${n}`)
        await pause(BETWEEN_MS.least + (BETWEEN_MS.spread * n) / count)
      }
      await Promise.all([taker.stop(), worker.stop()])
      const store = await openLedger(service.url, 'threaded', { bodyDays: 90, eventDays: 90 })
      return await waited(store, count).finally(() => store.close())
    } finally {
      await service.stop()
    }
  })
}

async function post(port: number, id: string): Promise<void> {
  const at = systemClock.now()
  const object = { id: `ch_${id.slice('evt_'.length)}`, object: 'charge', customer: `cus_${id.slice('evt_'.length)}` }
  const event = { id, object: 'event', type: 'charge.succeeded', created: Math.floor(at / 1_000), livemode: false }
  const body = Buffer.from(JSON.stringify({ ...event, api_version: '2026-04-22.dahlia', data: { object } }))
  const headers = { 'stripe-signature': sign({ body, secrets: [SECRET], at }) }
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/stripe`, { method: 'POST', body, headers })
  if (response.status !== 200) throw new Error(`${id} was answered with ${response.status}.`)
}

async function waited({ ledger }: Store, count: number): Promise<readonly number[]> {
  const { data } = await ledger.find({ limit: count })
  if (data.length !== count) throw new Error(`${data.length} of ${count} events are in the ledger.`)
  const all = data.map(async ({ ref, receivedAt }) => {
    const first = (await ledger.open(ref))?.timeline.find(({ kind }) => kind === 'attempt')
    return first?.kind === 'attempt' ? first.startedAt - receivedAt : Number.NaN
  })
  return Promise.all(all)
}

const at = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * q) - 1] ?? Number.NaN

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

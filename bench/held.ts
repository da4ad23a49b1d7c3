import { asked, connected } from '../test/services/postgres-client.ts'
import { drained, histogram, quantileBetween } from './api.ts'
import type { Bench, Figures, Settings } from './harness.ts'
import { notOk, openLoop, withSubject } from './ingest.ts'
import { measure } from './measure.ts'
import { versions } from './peers.ts'
import type { Bar, Figure } from './rows.ts'
import type { Running } from './subjects/subject.ts'

const RATE = 800
const CLEAN = 'clean'
const WHEN = ['idle_transaction', 'released', 'scanners'] as const

/**
 * What a snapshot that somebody holds open does to the ledger: in Postgres no dead row can be removed while it is held. One
 * process in every role under a steady load: clean, beside a transaction that idles for half an hour, after it, and beside four
 * scanners whose transactions overlap, so that there is always one.
 */
export const held: Bench = {
  name: 'held',
  about: `HTTP -> Postgres -> handler at ${RATE}/s, beside snapshots that are held open`,
  reference: CLEAN,
  alternations: { full: 1, quick: 1 },
  bars: WHEN.flatMap((subject): Bar[] => [
    { subject, metric: 'rate', atLeast: 0.9, of: CLEAN },
    { subject, metric: 'handled_p99', atMost: 2, of: CLEAN },
    { subject, metric: 'undone', atMost: 0, of: null },
  ]),
  versions,
  run: (settings) => withSubject('postgres-timed', settings.dir, (running) => phases(running, settings)),
}

async function phases(running: Running, { quick, say }: Settings): Promise<Figure[]> {
  const url = running.url ?? ''
  const minuteMs = quick ? 3_000 : 60_000
  const figures: Figure[] = []
  const phase = async (subject: string, minutes: number) => {
    const measured = await loaded(running, minutes * minuteMs)
    for (const [metric, [value, unit]] of Object.entries(measured))
      figures.push({ subject, alternation: 1, metric, unit, value })
    say(
      `${subject}: ${Object.entries(measured)
        .map(([metric, [value]]) => `${metric} ${Number(value.toPrecision(3))}`)
        .join('  ')}`,
    )
  }
  await loaded(running, minuteMs)
  await phase(CLEAN, 5)
  const release = await idleTransaction(url)
  await phase('idle_transaction', 30)
  await release()
  await phase('released', 5)
  const stop = scanners(url, minuteMs)
  await phase('scanners', 10)
  await stop()
  return figures
}

/** The generator's plans are ten minutes long at most. */
const LOAD_MAX_MS = 300_000
const HANDLED = 'bench_handled_seconds'
const DRAINED_MS = 60_000

/** All loads of a phase together, as one histogram. */
async function loaded(running: Running, ms: number): Promise<Figures> {
  const before = await histogram(running.times, HANDLED)
  let [ok, refused, cpuUs, serviceUs, foreign] = [0, 0, 0, 0, 0]
  for (let left = ms; left > 0; left -= LOAD_MAX_MS) {
    const measured = await measure(running, openLoop(RATE, Math.min(left, LOAD_MAX_MS)))
    ok += measured.ok
    refused += notOk(measured)
    cpuUs += measured.cpuUs * measured.ok
    serviceUs += measured.serviceCpuUs * measured.ok
    foreign = Math.max(foreign, measured.foreignCores)
  }
  const undone = await drained(running, DRAINED_MS)
  const after = await histogram(running.times, HANDLED)
  return {
    rate: [(ok * 1_000) / ms, '1/s'],
    handled_p50: [quantileBetween(before, after, 0.5) * 1_000, 'ms'],
    handled_p99: [quantileBetween(before, after, 0.99) * 1_000, 'ms'],
    cpu: [cpuUs / ok, 'us'],
    service_cpu: [serviceUs / ok, 'us'],
    dead_rows: [await deadRows(running.url ?? ''), 'rows'],
    not_ok: [refused, 'requests'],
    undone: [undone, 'events'],
    foreign: [foreign, 'cores'],
  }
}

async function deadRows(url: string): Promise<number> {
  const [counted] = await asked<{ dead: number }>(
    url,
    "select sum(n_dead_tup)::float8 as dead from pg_stat_user_tables where relname like 'hookkeeper%'",
  )
  return counted!.dead
}

/** Somebody began a transaction, looked at something, and went to lunch. */
async function idleTransaction(url: string): Promise<() => Promise<void>> {
  const client = await connected(url)
  await client.query('begin isolation level repeatable read')
  await client.query('select count(*) from hookkeeper_buckets')
  return async () => {
    await client.query('rollback')
    await client.end()
  }
}

const SCANNERS = 4

/** Four that read the whole ledger again and again, each in a transaction of its own that lasts a minute; they begin in turns. */
function scanners(url: string, minuteMs: number): () => Promise<void> {
  let stopped = false
  const scanner = async (n: number) => {
    const client = await connected(url)
    await pause((minuteMs * n) / SCANNERS)
    while (!stopped) {
      await client.query('begin isolation level repeatable read')
      await client.query('select count(*) from hookkeeper_seen')
      await client.query('select count(*) from hookkeeper_history')
      await pause(minuteMs)
      await client.query('rollback')
    }
    await client.end()
  }
  const all = Promise.all(Array.from({ length: SCANNERS }, (_, n) => scanner(n)))
  return async () => {
    stopped = true
    await all
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

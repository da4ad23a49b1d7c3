import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { freshDir } from './machine.ts'
import { type Load, type Measured, measure, sum } from './measure.ts'
import { rssMib } from './proc.ts'
import { L, type Running, subject } from './subjects/subject.ts'

/** From the socket to the durable 200: as fast as it goes, and at a rate that every stack should bear. */
export const ingest: Bench = {
  name: 'ingest',
  about: 'signed POST of 2.9 KB -> verified, durable -> 200, at 64 connections',
  reference: L,
  alternations: { full: 5, quick: 2 },
  bars: [
    { subject: 'hookkeeper', metric: 'rate', atLeast: 0.8, of: L },
    { subject: 'hookkeeper', metric: 'p99', atMost: 1.5, of: L },
    { subject: 'hookkeeper', metric: 'open_p50', atMost: 1.3, of: L },
    { subject: 'hookkeeper', metric: 'open_p99', atMost: 1.6, of: L },
    { subject: 'hookkeeper', metric: 'rss_idle', atMost: 90, of: null },
    { subject: 'hookkeeper', metric: 'rss_loaded', atMost: 250, of: null },
    { subject: 'hookkeeper', metric: 'not_ok', atMost: 0, of: null },
  ],
  run: (settings) => alternate(['bare', L, 'hookkeeper'], settings, (name) => figures(name, settings)),
}

export const SECRET = 'whsec_bench_0123456789abcdef0123456789'

export const closedLoop = (quick: boolean): Load => ({
  ...COMMON,
  ratePerSecond: null,
  warmUpMs: quick ? 1_000 : 2_000,
  measureMs: quick ? 2_000 : 5_000,
})

export const openLoop = (ratePerSecond: number, measureMs: number): Load => ({
  ...COMMON,
  ratePerSecond,
  warmUpMs: 1_000,
  measureMs,
})

/** Runs `work` on a subject that was started in a fresh folder, and stops it whatever happens. */
export function withSubject<V>(name: string, under: string, work: (running: Running) => Promise<V>): Promise<V> {
  return withFreshDir(under, async (dir) => {
    const running = await subject(name).start({ dir, secret: SECRET })
    return work(running).finally(() => running.stop())
  })
}

export async function withFreshDir<V>(under: string, work: (dir: string) => Promise<V>): Promise<V> {
  const { dir, remove } = freshDir(under)
  return work(dir).finally(remove)
}

/** Requests that got no 200, for whatever reason. */
export const notOk = ({ refused, broken, unanswered }: Measured): number =>
  sum(Object.values(refused)) + broken + unanswered

/** Resident memory once a process has come to rest after its start. */
export async function idleMib(running: Running, quick: boolean): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, quick ? 500 : 2_000))
  return sum(running.pids.map((pid) => rssMib(pid).now))
}

const COMMON = { secret: SECRET, lanes: 1_000, connections: 64, requestsMax: 20_000_000 }
const OPEN_RATE = 1_000

async function figures(name: string, { quick, dir }: Settings): Promise<Figures> {
  const [idle, closed] = await withSubject(name, dir, async (running) => [
    await idleMib(running, quick),
    await measure(running, closedLoop(quick)),
  ])
  const open = await withSubject(name, dir, (running) => measure(running, openLoop(OPEN_RATE, quick ? 3_000 : 10_000)))
  return {
    rate: [closed.rate, '1/s'],
    p50: [closed.p50, 'ms'],
    p99: [closed.p99, 'ms'],
    p999: [closed.p999, 'ms'],
    max: [closed.max, 'ms'],
    cpu: [closed.cpuUs, 'us'],
    open_p50: [open.p50, 'ms'],
    open_p99: [open.p99, 'ms'],
    open_p999: [open.p999, 'ms'],
    open_cpu: [open.cpuUs, 'us'],
    rss_idle: [idle, 'MiB'],
    rss_loaded: [closed.rssPeakMib, 'MiB'],
    not_ok: [notOk(closed) + notOk(open), 'requests'],
    generator_cpu: [closed.ownCpuUs, 'us'],
    foreign: [closed.foreignCores, 'cores'],
    open_foreign: [open.foreignCores, 'cores'],
  }
}

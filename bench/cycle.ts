import { drained, histogram, quantileBetween, watchOpen } from './api.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { closedLoop, idleMib, notOk, openLoop, withSubject } from './ingest.ts'
import { type Measured, measure } from './measure.ts'
import type { Figure } from './rows.ts'
import type { Running } from './subjects/subject.ts'

const INGEST = 'hookkeeper'
const CYCLE = 'hookkeeper-cycle'
const SHARE = 0.6
const LAG_RATE = 800

/** The whole way: HTTP -> recorded -> a handler that does nothing -> done. It has to keep up with what it lets in. */
export const cycle: Bench = {
  name: 'cycle',
  about: `HTTP -> no-op handler -> done, offered ${SHARE} x the ingest rate of the same alternation, then ${LAG_RATE}/s`,
  reference: null,
  alternations: { full: 5, quick: 1 },
  bars: [
    { subject: CYCLE, metric: 'backlog_peak', atMost: 1, of: null },
    // What never got in makes no backlog: all that is offered has to be taken.
    { subject: CYCLE, metric: 'taken', atLeast: 0.98, of: null },
    { subject: CYCLE, metric: 'settle_p50', atMost: 3, of: null },
    { subject: CYCLE, metric: 'settle_p99', atMost: 15, of: null },
    { subject: CYCLE, metric: 'rss_idle', atMost: 130, of: null },
    { subject: CYCLE, metric: 'rss_loaded', atMost: 250, of: null },
    { subject: CYCLE, metric: 'not_ok', atMost: 0, of: null },
    { subject: CYCLE, metric: 'undone', atMost: 0, of: null },
  ],
  run: (settings) =>
    alternate([INGEST, CYCLE], settings, (name, soFar) =>
      name === INGEST ? ingestFigures(settings) : cycleFigures(rateOf(soFar) * SHARE, settings),
    ),
}

async function ingestFigures({ quick, dir }: Settings): Promise<Figures> {
  const measured = await withSubject(INGEST, dir, (running) => measure(running, closedLoop(quick)))
  return {
    rate: [measured.rate, '1/s'],
    not_ok: [notOk(measured), 'requests'],
    foreign: [measured.foreignCores, 'cores'],
  }
}

const rateOf = (figures: readonly Figure[]): number =>
  figures.find(({ subject, metric }) => subject === INGEST && metric === 'rate')?.value ?? Number.NaN

async function cycleFigures(offered: number, { quick, dir }: Settings): Promise<Figures> {
  const loaded = await withSubject(CYCLE, dir, (running) => sustained(running, { offered, quick }))
  const lag = await withSubject(CYCLE, dir, (running) => settleLag(running, quick ? 5_000 : 30_000))
  return {
    offered: [offered, '1/s'],
    rate: [loaded.rate, '1/s'],
    taken: [loaded.rate / offered, 'share'],
    backlog_peak: [loaded.openPeak / offered, "seconds' arrivals"],
    p50: [loaded.p50, 'ms'],
    p99: [loaded.p99, 'ms'],
    cpu: [loaded.cpuUs, 'us'],
    settle_p50: [lag.p50Ms, 'ms'],
    settle_p99: [lag.p99Ms, 'ms'],
    rss_idle: [loaded.idle, 'MiB'],
    rss_loaded: [loaded.rssPeakMib, 'MiB'],
    not_ok: [notOk(loaded) + notOk(lag), 'requests'],
    undone: [loaded.left + lag.left, 'events'],
    foreign: [loaded.foreignCores, 'cores'],
    lag_foreign: [lag.foreignCores, 'cores'],
  }
}

interface Sustained extends Measured {
  readonly idle: number
  /** The most that was waiting or running at any time, warm-up included. */
  readonly openPeak: number
  readonly left: number
}

async function sustained(
  running: Running,
  { offered, quick }: { offered: number; quick: boolean },
): Promise<Sustained> {
  const idle = await idleMib(running, quick)
  const highest = watchOpen(running)
  const measured = await measure(running, openLoop(offered, quick ? 10_000 : 60_000)).finally(highest)
  return { ...measured, idle, openPeak: await highest(), left: await drained(running, DRAINED_MS) }
}

/**
 * Received -> done as the product itself reports it, in `hookkeeper_settle_lag_seconds`, over the measured time and its second of
 * warm-up. A percentile is the upper edge of its bucket: it may look worse than it is, never better.
 */
async function settleLag(running: Running, measureMs: number) {
  const before = await histogram(running.api, SETTLE_LAG)
  const measured = await measure(running, openLoop(LAG_RATE, measureMs))
  const left = await drained(running, DRAINED_MS)
  const after = await histogram(running.api, SETTLE_LAG)
  const ms = (q: number) => quantileBetween(before, after, q) * 1_000
  return { ...measured, left, p50Ms: ms(0.5), p99Ms: ms(0.99) }
}

const SETTLE_LAG = 'hookkeeper_settle_lag_seconds'
const DRAINED_MS = 10_000

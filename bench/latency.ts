import { drained, histogram, quantileBetween } from './api.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import { notOk, openLoop, withSubject } from './ingest.ts'
import { measure } from './measure.ts'
import { versions } from './peers.ts'
import type { Bar } from './rows.ts'
import type { Running } from './subjects/subject.ts'

const OURS = 'hookkeeper-timed'
const BULLMQ = 'express-bullmq-timed'
const PG_BOSS = 'fastify-pg-boss-timed'
const RATE = 300

// Of a peer, held against us: at least as long as ours, and at least four times as long.
const slower = (subject: string, times: number): Bar[] =>
  ['handled_p50', 'handled_p99', 'settle_p50', 'settle_p99'].map((metric) => ({
    subject,
    metric,
    atLeast: times,
    of: OURS,
  }))

/**
 * How soon an event is worked, at a rate that everybody bears. Two measures:
 * `handled` is for all alike, from when the generator meant to send an event to the end of its handler, to within 2 %.
 * `settle` is what each process tells of itself, in the product's own buckets: Hookkeeper from recorded to settled, a peer from
 * the request's arrival to the end of the handler. It is coarse, and the two spans differ; `handled` is the one to compare.
 */
export const latency: Bench = {
  name: 'latency',
  about: `received -> done at ${RATE}/s, a handler that does nothing, beside what people use instead`,
  reference: OURS,
  alternations: { full: 5, quick: 1 },
  bars: [
    ...slower(BULLMQ, 1),
    ...slower(PG_BOSS, 4),
    ...[OURS, BULLMQ, PG_BOSS].flatMap((subject): Bar[] => [
      { subject, metric: 'not_ok', atMost: 0, of: null },
      { subject, metric: 'undone', atMost: 0, of: null },
    ]),
  ],
  versions,
  run: (settings) =>
    alternate([OURS, BULLMQ, PG_BOSS, 'fastify-pg-boss-notify-timed'], settings, (name) => figures(name, settings)),
}

const SETTLE = 'hookkeeper_settle_lag_seconds'
const HANDLED = 'bench_handled_seconds'
const DRAINED_MS = 10_000

async function figures(name: string, { quick, dir }: Settings): Promise<Figures> {
  const { measured, left, settle, handled } = await withSubject(name, dir, (running) => lag(running, quick))
  return {
    handled_p50: [handled(0.5), 'ms'],
    handled_p99: [handled(0.99), 'ms'],
    settle_p50: [settle(0.5), 'ms'],
    settle_p99: [settle(0.99), 'ms'],
    ack_p50: [measured.p50, 'ms'],
    ack_p99: [measured.p99, 'ms'],
    cpu: [measured.cpuUs, 'us'],
    service_cpu: [measured.serviceCpuUs, 'us'],
    not_ok: [notOk(measured), 'requests'],
    undone: [left, 'events'],
    foreign: [measured.foreignCores, 'cores'],
  }
}

/** A first load warms all up; of the second, percentiles are taken when all of it is done. */
async function lag(running: Running, quick: boolean) {
  const read = () => Promise.all([histogram(running.api, SETTLE), histogram(running.times, HANDLED)])
  await measure(running, openLoop(RATE, quick ? 1_000 : 5_000))
  await drained(running, DRAINED_MS)

  const before = await read()
  const measured = await measure(running, openLoop(RATE, quick ? 5_000 : 30_000))
  const left = await drained(running, DRAINED_MS)
  const after = await read()
  const ms = (which: 0 | 1) => (q: number) => quantileBetween(before[which], after[which], q) * 1_000
  return { measured, left, settle: ms(0), handled: ms(1) }
}

import { type Buckets, drained, histogram, open, quantileBetween } from '../api.ts'
import type { Figures, Settings } from '../harness.ts'
import { closedLoop, notOk, openLoop, withSubject } from '../ingest.ts'
import { measure } from '../measure.ts'
import type { Running } from '../subjects/subject.ts'

const NAME = 'postgres-cycle'
const LAG_RATE = 800
/** Until the code of all that is asked 800 times a second is compiled. */
const LAG_WARM_UP_MS = 5_000
const LAG = 'hookkeeper_settle_lag_seconds'
const DRAINED_MS = 60_000

/** HTTP -> recorded in Postgres -> a handler that does nothing -> done: as many as go, and how soon at 800/s. */
export async function cycle({ quick, dir }: Settings): Promise<Figures> {
  const most = await withSubject(NAME, dir, (running) => saturated(running, quick))
  const lag = await withSubject(NAME, dir, (running) => settleLag(running, quick ? 5_000 : 30_000))
  return {
    rate: [most.doneRate, '1/s'],
    taken: [most.rate, '1/s'],
    cpu: [most.cpuUs, 'us'],
    service_cpu: [most.serviceCpuUs, 'us'],
    settle_p50: [lag.ms(0.5), 'ms'],
    settle_p99: [lag.ms(0.99), 'ms'],
    not_ok: [notOk(most) + notOk(lag), 'requests'],
    undone: [most.left + lag.left, 'events'],
    foreign: [most.foreignCores, 'cores'],
  }
}

/** What was done in the time that it took to take and finish it all: a backlog that grew counts against the rate. */
async function saturated(running: Running, quick: boolean) {
  const load = closedLoop(quick)
  const before = await open(running)
  const measured = await measure(running, load)
  const from = performance.now()
  const left = await drained(running, DRAINED_MS)
  const tookMs = load.measureMs + performance.now() - from
  return { ...measured, left, doneRate: ((measured.ok - before) * 1_000) / tookMs }
}

async function settleLag(running: Running, measureMs: number) {
  // What answers that is loaded when it is first asked: an orchestrator has done so long before there are 800 events a second.
  await histogram(running.api, LAG)
  let before: Promise<Buckets> | null = null
  const begun = () => (before = histogram(running.api, LAG))
  const measured = await measure(running, { ...openLoop(LAG_RATE, measureMs), warmUpMs: LAG_WARM_UP_MS }, begun)
  const left = await drained(running, DRAINED_MS)
  const after = await histogram(running.api, LAG)
  const from = (await before) ?? after
  return { ...measured, left, ms: (q: number) => quantileBetween(from, after, q) * 1_000 }
}

import { counted } from '../api.ts'
import type { Figures, Settings } from '../harness.ts'
import { closedLoop, notOk, withSubject } from '../ingest.ts'
import { measure } from '../measure.ts'
import type { Running } from '../subjects/subject.ts'

const DONE_MS = 120_000
const SAMPLE_MS = 50

/** HTTP -> broker, where there is one -> Postgres -> a handler that does nothing -> done: as many as go. */
export function wholeWay(name: string, { quick, dir }: Settings): Promise<Figures> {
  return withSubject(name, dir, async (running) => {
    const load = closedLoop(quick)
    const measured = await measure(running, load)
    const from = performance.now()
    const left = await allDone(running)
    // What was done in the time that it took to take and finish it all: a backlog that grew counts against the rate.
    const tookMs = load.measureMs + performance.now() - from
    return {
      rate: [(measured.ok * 1_000) / tookMs, '1/s'],
      taken: [measured.rate, '1/s'],
      cpu: [measured.cpuUs, 'us'],
      service_cpu: [measured.serviceCpuUs, 'us'],
      not_ok: [notOk(measured), 'requests'],
      undone: [left, 'events'],
      foreign: [measured.foreignCores, 'cores'],
    }
  })
}

/** Resolves to how many of those that got a 200 are not done: none, or after two minutes. What waits in a broker is one of them. */
async function allDone({ api }: Running): Promise<number> {
  const untilAt = performance.now() + DONE_MS
  for (;;) {
    const count = await counted(api)
    const left = count('hookkeeper_ingest_total', 'result="new"') - count('hookkeeper_events_total', 'outcome="done"')
    if (left <= 0 || performance.now() > untilAt) return left
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  }
}

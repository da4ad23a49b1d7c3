import { counted } from '../api.ts'
import type { Figures, Settings } from '../harness.ts'
import { notOk, withSubject } from '../ingest.ts'
import { measure } from '../measure.ts'
import type { Running } from '../subjects/subject.ts'
import { saturating } from './saturating.ts'

const DONE_MS = 120_000
const SAMPLE_MS = 50

/** HTTP -> broker, where there is one -> Postgres -> a handler that does nothing -> done: as many as go. */
export function wholeWay(name: string, { quick, dir }: Settings): Promise<Figures> {
  return withSubject(name, dir, async (running) => {
    let from = performance.now()
    let before: Promise<Told> = told(running)
    const measured = await measure(running, saturating(quick), () => {
      from = performance.now()
      before = told(running)
    })
    const after = await allDone(running)
    // All that was done from the end of the warm-up until nothing was left: a backlog that grew counts against the rate.
    const tookMs = performance.now() - from
    return {
      rate: [((after.done - (await before).done) * 1_000) / tookMs, '1/s'],
      taken: [measured.rate, '1/s'],
      cpu: [measured.cpuUs, 'us'],
      service_cpu: [measured.serviceCpuUs, 'us'],
      not_ok: [notOk(measured), 'requests'],
      undone: [after.taken - after.done, 'events'],
      foreign: [measured.foreignCores, 'cores'],
    }
  })
}

/** What a subject says of itself: events that got a 200, and those of them that are done. What waits in a broker is not. */
interface Told {
  readonly taken: number
  readonly done: number
}

async function told({ api }: Running): Promise<Told> {
  const count = await counted(api)
  return {
    taken: count('hookkeeper_ingest_total', 'result="new"'),
    done: count('hookkeeper_events_total', 'outcome="done"'),
  }
}

/** Resolves when all are done, or after two minutes. */
async function allDone(running: Running): Promise<Told> {
  const untilAt = performance.now() + DONE_MS
  for (;;) {
    const now = await told(running)
    if (now.done >= now.taken || performance.now() > untilAt) return now
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  }
}

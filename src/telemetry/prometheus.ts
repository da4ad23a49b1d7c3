import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Logger } from '../core/service.ts'
import type { Backlog, Ledger } from '../store/store.ts'
import type { Meter } from './meter.ts'
import { gaugeText, label } from './metric.ts'

const STATES = ['ready', 'scheduled', 'held', 'running', 'dead'] as const satisfies readonly (keyof Backlog)[]

/** What Prometheus reads: our own metrics, those of the process, and the backlog as it is at that moment. */
export function createPrometheus(deps: { meter: Meter; ledger: Pick<Ledger, 'backlog'>; log: Logger }) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return async (): Promise<{ type: string; text: string }> => {
    const own = deps.meter.metrics.map((metric) => metric.text())
    const text = [...own, await backlogText(deps), await registry.metrics()].join('')
    return { type: registry.contentType, text }
  }
}

/** A ledger that does not answer leaves its figures out: unknown is not zero, and the other figures are needed most just then. */
async function backlogText({ ledger, log }: { ledger: Pick<Ledger, 'backlog'>; log: Logger }): Promise<string> {
  try {
    const backlog = await ledger.backlog()
    const values = STATES.map((state) => ({ labels: label('state', state), value: backlog[state] }))
    const oldest = [{ labels: '', value: backlog.readyOldestMs / 1000 }]
    return gaugeText(BACKLOG, values) + gaugeText(OLDEST, oldest)
  } catch (error) {
    log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'the backlog could not be measured')
    return ''
  }
}

const BACKLOG = { name: 'hookkeeper_backlog', help: 'Events that are not done, by state.' }
const OLDEST = {
  name: 'hookkeeper_backlog_oldest_seconds',
  help: 'For how long the oldest ready event has been ready.',
}

import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Logger } from '../core/service.ts'
import type { Backlog, Ledger } from '../store/store.ts'
import type { Meter } from './meter.ts'
import { gaugeText, label } from './metric.ts'

const STATES = ['ready', 'scheduled', 'held', 'running', 'dead'] as const satisfies readonly (keyof Backlog)[]

export interface PrometheusDeps {
  readonly meter: Meter
  readonly ledger: Pick<Ledger, 'backlog'>
  readonly broker: Measured | null
  readonly log: Logger
}

/** The broker in front of the ledger; null: it could not be asked. */
interface Measured {
  readonly name: string
  measure(): Promise<{
    readonly backlog: { readonly waiting: number; readonly oldestMs: number } | null
    readonly spooled: number | null
  }>
}

/** What Prometheus reads: our own metrics, those of the process, and the backlog as it is at that moment. */
export function createPrometheus(deps: PrometheusDeps) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return async (): Promise<{ type: string; text: string }> => {
    const own = deps.meter.metrics.map((metric) => metric.text())
    const text = [...own, await backlogText(deps), await brokerText(deps), await registry.metrics()].join('')
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

async function brokerText({ broker }: PrometheusDeps): Promise<string> {
  if (!broker) return ''
  const { backlog, spooled } = await broker.measure()
  const labels = label('broker', broker.name)
  return [
    backlog && gaugeText(BROKER, [{ labels, value: backlog.waiting }]),
    backlog && gaugeText(BROKER_OLDEST, [{ labels, value: backlog.oldestMs / 1000 }]),
    spooled !== null && gaugeText(SPOOL, [{ labels, value: spooled }]),
  ]
    .filter((text) => text)
    .join('')
}

const BROKER = {
  name: 'hookkeeper_broker_backlog',
  help: 'Messages in the broker that are not in the ledger yet.',
}
const BROKER_OLDEST = { name: 'hookkeeper_broker_oldest_seconds', help: 'Age of the oldest of them.' }
const SPOOL = { name: 'hookkeeper_spool_waiting', help: "Messages on this machine's disk that wait for the broker." }
const BACKLOG = { name: 'hookkeeper_backlog', help: 'Events that are not done, by state.' }
const OLDEST = {
  name: 'hookkeeper_backlog_oldest_seconds',
  help: 'For how long the oldest ready event has been ready.',
}

import { labelOf } from '../stripe/catalog.ts'
import { Counter, Histogram, type Metric } from './metric.ts'

/**
 * What the process counts. Called on the hot path, so nothing is made per call. Labels come from closed sets: a type that
 * the catalogue does not know is `other`.
 */
export interface Meter {
  ingested(endpoint: string, result: string): void
  /** From the whole body's arrival to the answer. */
  acked(ms: number): void
  /** From `created` to arrival, for new events. */
  lagged(ms: number): void
  count(type: string, outcome: string): void
  /** From lease to settled. */
  attemptSeconds(type: string, seconds: number): void
  /** From received to done. */
  settleLagSeconds(seconds: number): void
  /** A retry comes later than its jitter drew: the budget of that handler was spent. */
  putOff(type: string, handler: string): void
  acted(action: string, verdict: string): void
  /** What a broker lent, by what became of it. */
  drained(broker: string, result: string): void
  readonly metrics: readonly Metric[]
}

const ACK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const ATTEMPT_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
// Stripe counts `created` in whole seconds and tries again for three days.
const DELIVERY_SECONDS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800, 3600, 21_600, 86_400, 259_200]
const SETTLE_SECONDS = [
  0.001, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600, 21_600, 86_400,
]

export function createMeter(): Meter {
  const m = metrics()
  return {
    ingested: (endpoint, result) => m.ingest.add(endpoint, result),
    acked: (ms) => m.ack.observe(ms / 1000),
    lagged: (ms) => m.deliveryLag.observe(ms / 1000),
    count: (type, outcome) => m.events.add(labelOf(type), outcome),
    attemptSeconds: (type, seconds) => m.attempt.observe(seconds, labelOf(type)),
    settleLagSeconds: (seconds) => m.settleLag.observe(seconds),
    putOff: (type, handler) => m.putOff.add(labelOf(type), handler),
    acted: (action, verdict) => m.actions.add(action, verdict),
    drained: (broker, result) => m.drained.add(broker, result),
    metrics: Object.values(m),
  }
}

const metrics = () => ({
  ingest: new Counter({ name: 'hookkeeper_ingest_total', help: 'Deliveries by how they ended.' }, [
    'endpoint',
    'result',
  ]),
  ack: new Histogram(
    { name: 'hookkeeper_ingest_ack_seconds', help: "From a delivery's last byte to its answer." },
    ACK_SECONDS,
  ),
  deliveryLag: new Histogram(
    { name: 'hookkeeper_delivery_lag_seconds', help: 'From created at Stripe to received here, new events only.' },
    DELIVERY_SECONDS,
  ),
  settleLag: new Histogram({ name: 'hookkeeper_settle_lag_seconds', help: 'From received to done.' }, SETTLE_SECONDS),
  events: new Counter({ name: 'hookkeeper_events_total', help: 'Attempts by how they ended.' }, ['type', 'outcome']),
  attempt: new Histogram(
    { name: 'hookkeeper_attempt_seconds', help: 'From lease to settled.' },
    ATTEMPT_SECONDS,
    'type',
  ),
  putOff: new Counter(
    { name: 'hookkeeper_retries_put_off_total', help: 'Retries that come later because the retry budget was spent.' },
    ['type', 'handler'],
  ),
  drained: new Counter({ name: 'hookkeeper_drained_total', help: 'Messages from the broker by what became of them.' }, [
    'broker',
    'result',
  ]),
  actions: new Counter({ name: 'hookkeeper_actions_total', help: 'Actions by what they came to.' }, [
    'action',
    'verdict',
  ]),
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../src/core/outcome.ts'
import { silent } from '../../src/core/service.ts'
import { INGEST_RESULTS } from '../../src/ingestion/commit.ts'
import type { Backlog } from '../../src/store/store.ts'
import { createMeter } from '../../src/telemetry/meter.ts'
import { createPrometheus } from '../../src/telemetry/prometheus.ts'
import { readAlerts } from './alerts.ts'

const OUTCOMES = {
  done: true,
  retry: true,
  wait: true,
  dead: true,
  late: true,
} satisfies Record<Outcome['kind'] | 'late', true>

const alerts = await readAlerts()
const exposed = await everySeries()

test('an alert asks for series that are exposed, by the labels that they have', () => {
  const asked = alerts.flatMap(({ alert, expr }) =>
    [...expr.matchAll(/(hookkeeper_\w+)(?:\{(\w+="\w+")\})?/g)].map(([, name = '', label]) => ({ alert, name, label })),
  )
  const known = ({ name, label }: { name: string; label?: string | undefined }) =>
    exposed.some((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)) &&
    (label === undefined || exposed.some((line) => line.startsWith(`${name}{`) && line.includes(label)))

  assert.deepEqual(
    asked.filter((one) => !known(one)),
    [],
  )
  assert.ok(asked.length >= alerts.length)
})

test('what an alert groups by is a label of what it asks for', () => {
  for (const { alert, expr } of alerts)
    for (const [, label = '', name = ''] of expr.matchAll(/by \((\w+)\) \(\w+\((hookkeeper_\w+)/g))
      assert.ok(
        exposed.some((line) => line.startsWith(`${name}{`) && line.includes(`${label}="`)),
        `${alert}: ${name} has no label ${label}`,
      )
})

test('each has a name of its own', () => {
  const names = alerts.map(({ alert }) => alert)

  assert.deepEqual(names, [...new Set(names)])
})

/** One line of each series, as Prometheus would read them once everything had happened that can. */
async function everySeries(): Promise<readonly string[]> {
  const meter = createMeter()
  for (const result of INGEST_RESULTS) meter.ingested('default', result)
  for (const outcome of Object.keys(OUTCOMES)) meter.count('invoice.paid', outcome)
  meter.attemptSeconds('invoice.paid', 1)
  meter.acted('pause', 'done')
  const backlog: Backlog = { ready: 1, scheduled: 1, held: 1, running: 1, dead: 1, readyOldestMs: 1 }
  const read = createPrometheus({ meter, ledger: { backlog: async () => backlog }, broker: null, log: silent })
  return (await read()).text.split('\n').filter((line) => !line.startsWith('#'))
}

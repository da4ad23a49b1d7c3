import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import type { Outcome } from '../../src/core/outcome.ts'
import { silent } from '../../src/core/service.ts'
import { INGEST_RESULTS } from '../../src/ingestion/commit.ts'
import type { Backlog } from '../../src/store/store.ts'
import { createMeter } from '../../src/telemetry/meter.ts'
import { createPrometheus } from '../../src/telemetry/prometheus.ts'
import { emptyFolder } from '../folder.ts'
import { promtool } from '../services/promtool.ts'
import { ALERTS, readAlerts } from './alerts.ts'

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
    for (const [, label = '', name = ''] of expr.matchAll(/by \((\w+)\) \(\s*\w+\((hookkeeper_\w+)/g))
      assert.ok(
        exposed.some((line) => line.startsWith(`${name}{`) && line.includes(`${label}="`)),
        `${alert}: ${name} has no label ${label}`,
      )
})

// A counter has no series before its first event, and one that comes into being with 1 is no increase.
test('what asks whether something happened asks for series that are new as well', () => {
  const counted = alerts.flatMap(({ alert, expr }) =>
    [...expr.matchAll(/(?:increase|rate)\((\S+)\[(\w+)\]\)+ (?:==|>) 0(?!\.)/g)].map(
      ([, series = '', window = '']) => ({
        alert,
        written: expr.includes(`(${series} unless ${series} offset ${window})`),
      }),
    ),
  )

  assert.deepEqual(
    counted.filter(({ written }) => !written),
    [],
  )
  assert.ok(counted.length > 0)
})

test('Prometheus takes the rules as they are', { skip: promtool.skip }, async () => {
  const run = await promtool.ready()

  assert.match(await run('check', 'rules', resolve(ALERTS)), new RegExp(`SUCCESS: ${alerts.length} rules found`))
})

for (const { alert, series, labels } of [
  {
    alert: 'StripeEventsDead',
    series: 'hookkeeper_events_total{type="invoice.paid",outcome="dead"}',
    labels: { type: 'invoice.paid' },
  },
  { alert: 'StripeDeliveriesRefused', series: 'hookkeeper_ingest_total{endpoint="default",result="unavailable"}' },
  { alert: 'StripeSettledLate', series: 'hookkeeper_events_total{type="invoice.paid",outcome="late"}' },
  {
    alert: 'StripeEventsStray',
    series: 'hookkeeper_ingest_total{endpoint="default",result="stray"}',
    labels: { endpoint: 'default', result: 'stray' },
  },
])
  test(`the first that a process counts fires ${alert}, and so does one more, and none that was there before`, {
    skip: promtool.skip,
  }, async () => {
    const first = [{ series, values: '_x99 1x99' }]
    const more = [{ series, values: '1x99 2x99' }]
    const before = [{ series, values: '1x199' }]

    await shown([
      { alert, minute: 101, made: first, fires: [labels ?? {}] },
      { alert, minute: 101, made: more, fires: [labels ?? {}] },
      { alert, minute: 199, made: first, fires: [] },
      { alert, minute: 101, made: before, fires: [] },
    ])
  })

test('a dead letter that no scraped process has counted pages, and is a ticket once it has waited for a day', {
  skip: promtool.skip,
}, async () => {
  const made = [{ series: 'hookkeeper_backlog{state="dead"}', values: '0x99 1x1999' }]

  await shown([
    { alert: 'StripeEventsDead', minute: 98, made, fires: [] },
    { alert: 'StripeEventsDead', minute: 101, made, fires: [{}] },
    { alert: 'StripeEventsDead', minute: 199, made, fires: [] },
    { alert: 'StripeDeadLettersLeft', minute: 1_500, made, fires: [] },
    { alert: 'StripeDeadLettersLeft', minute: 1_600, made, fires: [{}] },
  ])
})

test('silence is a day without a delivery, whether or not the processes ever counted one', {
  skip: promtool.skip,
}, async () => {
  const alert = 'StripeSilent'
  const made = (values: string) => [{ series: 'hookkeeper_ingest_total{endpoint="default",result="new"}', values }]

  await shown([
    { alert, minute: 1_400, made: [], fires: [] },
    { alert, minute: 1_500, made: [], fires: [{}] },
    { alert, minute: 1_500, made: made('7x1999'), fires: [{}] },
    { alert, minute: 1_500, made: made('7x999 8x999'), fires: [] },
    { alert, minute: 1_500, made: made('_x999 1x999'), fires: [] },
  ])
})

test('each has a name of its own', () => {
  const names = alerts.map(({ alert }) => alert)

  assert.deepEqual(names, [...new Set(names)])
})

interface Shown {
  readonly alert: string
  readonly minute: number
  /** All that is known; values in Prometheus' own writing, one a minute: `_` is none. */
  readonly made: readonly { readonly series: string; readonly values: string }[]
  /** The labels of each alert that fires then, without those of the rule. */
  readonly fires: readonly Readonly<Record<string, string>>[]
}

/** Works the rules over the series that are made up, and throws where an alert fires otherwise than it should. */
async function shown(cases: readonly Shown[]): Promise<void> {
  const run = await promtool.ready()
  const file = join(emptyFolder('alerts'), 'cases.yaml')
  const tests = cases.map(({ alert, minute, made, fires }) => {
    const { labels, annotations } = alerts.find((one) => one.alert === alert) ?? assert.fail(`no alert ${alert}`)
    const expected = fires.map((own) => ({ exp_labels: { ...labels, ...own }, exp_annotations: annotations }))
    const rule = { alertname: alert, eval_time: `${minute}m`, exp_alerts: expected }
    return { interval: '1m', input_series: made, alert_rule_test: [rule] }
  })
  await writeFile(file, stringify({ rule_files: [resolve(ALERTS)], evaluation_interval: '1m', tests }))
  await run('test', 'rules', file)
}

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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import type { IntakeMeter } from '../../src/ingestion/commit.ts'
import type { Meter as ProcessingMeter } from '../../src/processing/report.ts'
import type { Backlog } from '../../src/store/store.ts'
import { createMeter } from '../../src/telemetry/meter.ts'
import { Counter, Histogram } from '../../src/telemetry/metric.ts'
import { createPrometheus } from '../../src/telemetry/prometheus.ts'

const backlog: Backlog = { ready: 4, scheduled: 3, held: 2, running: 1, dead: 5, readyOldestMs: 2500 }

/** `name{labels}` -> value, as a Prometheus reads it; anything that is no line of the format fails. */
function parsed(text: string): Map<string, number> {
  const series = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const match = /^([a-z_]\w*(?:\{(?:[a-z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?) (-?[\d.e+-]+|NaN)$/i.exec(line)
    assert.ok(match, line)
    assert.ok(!series.has(match[1]!), `twice: ${line}`)
    series.set(match[1]!, Number(match[2]))
  }
  return series
}

async function scrape(meter = createMeter(), measure: () => Promise<Backlog> = async () => backlog) {
  const { type, text } = await createPrometheus({ meter, ledger: { backlog: measure }, broker: null, log: silent })()
  return { type, series: parsed(text), text }
}

test('what ingestion and processing count comes out under the names and labels of the documentation', async () => {
  const meter = createMeter()
  const ingestion: IntakeMeter = meter
  const processing: ProcessingMeter = meter

  ingestion.ingested('default', 'new')
  ingestion.ingested('default', 'new')
  ingestion.ingested('none', 'rejected')
  ingestion.acked(2)
  ingestion.lagged(-50)
  processing.count('invoice.paid', 'done')
  processing.attemptSeconds('invoice.paid', 0.02)
  processing.settleLagSeconds(0.004)
  meter.acted('replay', 'applied')

  const { type, series, text } = await scrape(meter)
  const expected = {
    'hookkeeper_ingest_total{endpoint="default",result="new"}': 2,
    'hookkeeper_ingest_total{endpoint="none",result="rejected"}': 1,
    'hookkeeper_ingest_ack_seconds_bucket{le="0.001"}': 0,
    'hookkeeper_ingest_ack_seconds_bucket{le="0.0025"}': 1,
    'hookkeeper_ingest_ack_seconds_bucket{le="+Inf"}': 1,
    hookkeeper_ingest_ack_seconds_count: 1,
    hookkeeper_ingest_ack_seconds_sum: 0.002,
    hookkeeper_delivery_lag_seconds_count: 1,
    hookkeeper_delivery_lag_seconds_sum: 0,
    'hookkeeper_events_total{type="invoice.paid",outcome="done"}': 1,
    'hookkeeper_attempt_seconds_bucket{le="0.01",type="invoice.paid"}': 0,
    'hookkeeper_attempt_seconds_bucket{le="0.025",type="invoice.paid"}': 1,
    'hookkeeper_attempt_seconds_count{type="invoice.paid"}': 1,
    'hookkeeper_settle_lag_seconds_bucket{le="0.005"}': 1,
    'hookkeeper_actions_total{action="replay",verdict="applied"}': 1,
    'hookkeeper_backlog{state="ready"}': 4,
    'hookkeeper_backlog{state="scheduled"}': 3,
    'hookkeeper_backlog{state="held"}': 2,
    'hookkeeper_backlog{state="running"}': 1,
    'hookkeeper_backlog{state="dead"}': 5,
    hookkeeper_backlog_oldest_seconds: 2.5,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name)
  assert.ok(series.has('process_resident_memory_bytes'))
  assert.match(type, /^text\/plain/)
  assert.match(text, /^# TYPE hookkeeper_events_total counter$/m)
  assert.match(text, /^# TYPE hookkeeper_attempt_seconds histogram$/m)
})

test('a thousand unknown types make one series', async () => {
  const meter = createMeter()
  const random = seeded(8124)

  for (let n = 0; n < 1000; n++) {
    const type = `${random().toString(36).slice(2)}.${n}`
    meter.count(type, 'done')
    meter.attemptSeconds(type, 0.01)
  }

  const names = [...(await scrape(meter)).series.keys()]
  assert.deepEqual(
    names.filter((name) => name.startsWith('hookkeeper_events_total')),
    ['hookkeeper_events_total{type="other",outcome="done"}'],
  )
  assert.equal(names.filter((name) => name.startsWith('hookkeeper_attempt_seconds_count')).length, 1)
})

test('whatever labels come, a metric has a bounded number of series', () => {
  const counter = new Counter({ name: 'c', help: '' }, ['a', 'b'])
  const histogram = new Histogram({ name: 'h', help: '' }, [1], 'a')

  for (let n = 0; n < 6000; n++) {
    counter.add(`a${n}`, 'b')
    histogram.observe(0.5, `a${n}`)
  }

  const counts = parsed(counter.text())
  assert.equal(counts.size, 5001)
  assert.equal(counts.get('c{a="other",b="other"}'), 1000)
  assert.equal(parsed(histogram.text()).get('h_count{a="other"}'), 1000)
})

test('buckets hold what is at most their bound, and no number is left out of count and sum', () => {
  const histogram = new Histogram({ name: 'h', help: '' }, [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 1, 7, Number.NaN]) histogram.observe(value)

  const series = parsed(histogram.text())
  const at = (le: string) => series.get(`h_bucket{le="${le}"}`)
  assert.deepEqual([at('0.1'), at('1'), at('+Inf'), series.get('h_count')], [2, 4, 5, 5])
  assert.ok(Math.abs(series.get('h_sum')! - 8.65) < 1e-9)
})

test('quotes, backslashes and line ends in a label do not break the text', () => {
  const counter = new Counter({ name: 'c', help: '' }, ['a', 'b'])
  counter.add('x"y\\z\nw', '')

  assert.equal(counter.text().split('\n').at(-2), String.raw`c{a="x\"y\\z\nw",b=""} 1`)
})

test('a ledger that does not answer leaves its figures out, and the others come', async () => {
  const { series } = await scrape(createMeter(), async () => {
    throw new Error('closed')
  })

  assert.ok(![...series.keys()].some((name) => name.startsWith('hookkeeper_backlog')))
  assert.equal(series.get('hookkeeper_ingest_ack_seconds_count'), 0)
})

test('each metric says once what it is, before its series, and each histogram adds up', async () => {
  const meter = createMeter()
  const random = seeded(8124)
  for (let n = 0; n < 200; n++) {
    meter.acked(random() * 20_000)
    meter.lagged(random() * 1e9)
    meter.settleLagSeconds(random() * 1e6)
    meter.attemptSeconds(n % 2 ? 'invoice.paid' : 'charge.failed', random() * 100)
  }

  const { text } = await scrape(meter)

  const kinds = kindsIn(text)
  for (const name of ['ingest_ack', 'delivery_lag', 'settle_lag', 'attempt'].map(
    (one) => `hookkeeper_${one}_seconds`,
  )) {
    assert.equal(kinds.get(name), 'histogram')
    assertCumulative(text, name)
  }
})

/** What each metric is, by its name; a series before its own HELP and TYPE, or of another metric's, fails. */
function kindsIn(text: string): Map<string, string> {
  const kinds = new Map<string, string>()
  let [helped, typed] = ['', '']
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? []
    if (about === 'HELP') helped = name
    else if (about === 'TYPE') {
      assert.equal(name, helped, line)
      assert.ok(!kinds.has(name), `twice: ${line}`)
      assert.match(rest, /^(counter|gauge|histogram|summary)$/)
      kinds.set(name, rest)
      typed = name
    } else {
      const suffix = kinds.get(typed) === 'histogram' ? '_(bucket|sum|count)' : '(_sum|_count)?'
      assert.match(line, new RegExp(`^${typed}${suffix}[{ ]`))
    }
  }
  return kinds
}

/** No bucket holds less than the one before it, and the last, without a bound, holds all. */
function assertCumulative(text: string, name: string): void {
  const last = new Map<string, { bound: number; count: number }>()
  for (const [, le, rest = '', value] of text.matchAll(
    new RegExp(`^${name}_bucket\\{le="([^"]+)",?([^}]*)\\} (\\S+)$`, 'gm'),
  )) {
    const [bound, count] = [le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), Number(value)]
    const before = last.get(rest) ?? { bound: Number.NEGATIVE_INFINITY, count: 0 }
    assert.ok(bound > before.bound && count >= before.count, `${name} le ${le}`)
    last.set(rest, { bound, count })
  }
  const series = parsed(text)
  assert.ok(last.size > 0, name)
  for (const [labels, { bound, count }] of last) {
    assert.equal(bound, Number.POSITIVE_INFINITY, name)
    assert.equal(series.get(`${name}_count${labels && `{${labels}}`}`), count)
  }
}

test('before anything happened every metric is there by name, so that an alert on it can be written', async () => {
  const kinds = kindsIn((await scrape()).text)

  assert.deepEqual(Object.fromEntries([...kinds].filter(([name]) => name.startsWith('hookkeeper_'))), {
    hookkeeper_ingest_total: 'counter',
    hookkeeper_ingest_ack_seconds: 'histogram',
    hookkeeper_delivery_lag_seconds: 'histogram',
    hookkeeper_drained_total: 'counter',
    hookkeeper_settle_lag_seconds: 'histogram',
    hookkeeper_events_total: 'counter',
    hookkeeper_attempt_seconds: 'histogram',
    hookkeeper_retries_put_off_total: 'counter',
    hookkeeper_actions_total: 'counter',
    hookkeeper_backlog: 'gauge',
    hookkeeper_backlog_oldest_seconds: 'gauge',
  })
})

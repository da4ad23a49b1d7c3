import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measure } from '../../bench/measure.ts'
import { median } from '../../bench/rows.ts'
import { eventBody, SECRET } from '../chaos/delivery.ts'
import { Flood } from '../chaos/flood.ts'
import { ledgerFor, ledgerIn } from '../chaos/ground.ts'
import { allSettled, here, senderTo, stored } from '../chaos/here.ts'
import { pause } from '../chaos/settle.ts'
import { Up } from '../chaos/up.ts'
import { Place } from '../services/place.ts'
import { full, sized } from '../size.ts'

const BAD = sized({ tenth: 1_000, whole: 10_000 })
const GOOD_ONES = sized({ tenth: 200, whole: 2_000 })
const MEASURE_MS = 20_000
const ROUNDS = 3
const GOOD = { secret: SECRET, lanes: 1_000, connections: 16, ratePerSecond: 300, requestsMax: 100_000 }

test(`${BAD} bad requests beside ${GOOD_ONES} good ones: every good one is recorded, no bad one is`, async (t) => {
  const cluster = here(t, await ledgerFor(t))
  cluster.on('*', () => {})
  await cluster.start()
  const flood = new Flood(cluster.publicAddress() ?? '')
  t.after(() => flood.close())
  const sender = senderTo(t, cluster)

  const flooding = flood.pour(BAD)
  const good = await Promise.all(
    Array.from({ length: GOOD_ONES }, (_, n) => sender.post(eventBody({ id: `evt_${n}`, customer: `cus_${n % 50}` }))),
  )
  const answers = await flooding
  await allSettled(cluster)

  assert.deepEqual(new Set(good.map(({ status }) => status)), new Set([200]))
  assert.deepEqual(answers, { 400: BAD })
  assert.deepEqual(await stored(cluster), { events: GOOD_ONES, strays: 0 })
})

// A figure, so only where the machine is ours: by npm run chaos.
if (full)
  test(`${BAD} bad requests within ${MEASURE_MS / 1_000} s: the p99 of good ones at most doubles`, async (t) => {
    const place = new Place('flooded')
    t.after(() => place.end())
    const dir = await place.folder()
    const port = await place.port()
    const up = await new Up({ place, ledger: await ledgerIn(place), port, handlers: 'effects' }).started()
    const running = { dir, port, pids: [up.pid], services: [], api: null, times: null, stop: async () => {} }
    const flood = new Flood(up.origin)
    t.after(() => flood.close())
    const good = (warmUpMs: number) => measure(running, { ...GOOD, warmUpMs, measureMs: MEASURE_MS })

    await good(5_000)
    const rounds: { quiet: number; flooded: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const quiet = await good(1_000)
      const [flooded, answers] = await Promise.all([good(1_000), flood.pour(BAD, paced(BAD, MEASURE_MS))])
      assert.deepEqual(answers, { 400: BAD })
      assert.equal(flooded.ok, flooded.sent)
      rounds.push({ quiet: quiet.p99, flooded: flooded.p99 })
    }

    const [quiet, flooded] = (['quiet', 'flooded'] as const).map((kind) => median(rounds.map((round) => round[kind])))
    const said = `p99 ${quiet!.toFixed(2)} ms quiet, ${flooded!.toFixed(2)} ms flooded (medians of ${ROUNDS})`
    t.diagnostic(said)
    assert.ok(flooded! <= 2 * quiet!, said)
  })

/** Spreads so many over a time, after the second of warm-up. */
function paced(count: number, ms: number): () => Promise<void> {
  const from = performance.now() + 1_000
  let sent = 0
  return () => pause(from + (sent++ * ms) / count - performance.now())
}

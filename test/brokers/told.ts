import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { nothingWrong } from '../chaos/books.ts'
import { FRONTS, type With } from '../chaos/brokers/fronts.ts'
import { type TrialReport, trial } from '../chaos/cluster/trial.ts'
import { seed, sized } from '../size.ts'

const RATE = sized({ tenth: 50, whole: 500 })
const LONGEST_MS = sized({ tenth: 4_000, whole: 60_000 })

/**
 * Three processes that take events, this broker, four that work them over one Postgres: all of it fails in turn, under load. With a
 * spool before the broker nobody is refused for it.
 */
export function survives(broker: string, also: With, skip: string | false): void {
  const beside = [also.spool && 'with a spool', also.locks && 'with Redlock'].filter(Boolean).join(', ')
  const name = `${broker} in front${beside && `, ${beside}`}, at ${RATE}/s while it fails`
  test(`${name}: no event that got a 200 is lost, doubled or out of order`, { skip }, async (t) => {
    const front = FRONTS[broker]!
    const random = seeded(seed)
    const plan = { random, ratePerSecond: RATE, forMs: LONGEST_MS, windowMs: 0 }
    const report = await trial({ ...plan, front: (place) => front(place, also) })
    told(t, report)

    assert.deepEqual(report.account.wrong, nothingWrong, `seed ${seed}`)
    const strange = Object.keys(report.answers).filter((answer) => !['200', '503', 'no answer'].includes(answer))
    assert.deepEqual(strange, [], `seed ${seed}`)
    assert.ok(report.acknowledged > 0, 'somebody was answered')
    if (also.spool) assert.equal(report.answers['503'] ?? 0, 0, 'the spool takes what the broker does not')
    else assert.ok((report.answers['503'] ?? 0) > 0, 'the faults were felt')
  })
}

function told(
  t: TestContext,
  { account, acknowledged, answers, offeredPerSecond, recoveries, ...rest }: TrialReport,
): void {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  const lines = [
    `seed ${seed}: ${Math.round(offeredPerSecond)} deliveries/s offered; answers ${JSON.stringify(answers)}`,
    `${acknowledged} ids with a 200, ${account.events} recorded, ${account.effects} effects, ${account.lostLeases} leases lost, ${rest.refused} late calls refused by the destination`,
    `slowest SIGTERM ${seconds(rest.slowestStopMs)}`,
    '| fault | open before | back there after |',
    '| --- | --- | --- |',
    ...recoveries.map(({ fault, open, ms }) => `| ${fault} | ${open} | ${seconds(ms)} |`),
  ]
  for (const line of lines) t.diagnostic(line)
}

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { nothingWrong } from '../chaos/books.ts'
import { FRONTS, frontWith, type With } from '../chaos/brokers/fronts.ts'
import { type Recovery, type TrialReport, trial } from '../chaos/cluster/trial.ts'
import { full, seed, sized } from '../size.ts'

const RATE = sized({ tenth: 50, whole: 500 })
const LONGEST_MS = sized({ tenth: 4_000, whole: 60_000 })
/** After the end of a fault what it left behind is worked within that time. */
const RECOVERED_MS = 180_000

/**
 * Three processes that take events, this broker, four that work them over one Postgres: all of it fails in turn, under load. With a
 * spool before the broker nobody is refused for it.
 */
export function survives(broker: string, also: With, skip: string | false): void {
  const name = [broker, ...besides(also)].join(' ')
  test(`${name} in front, at ${RATE}/s while all of it fails: no event that got a 200 is lost, doubled or out of order`, {
    skip,
  }, async (t) => {
    const plan = { random: seeded(seed), ratePerSecond: RATE, forMs: LONGEST_MS, windowMs: 0 }
    const report = await trial({ ...plan, front: frontWith(FRONTS[broker]!, also) })
    told(t, name, report)

    assert.deepEqual(
      { ...report.account.wrong, untold: report.untold },
      { ...nothingWrong, untold: [] },
      `seed ${seed}`,
    )
    const strange = Object.keys(report.answers).filter((answer) => !['200', '503', 'no answer'].includes(answer))
    assert.deepEqual(strange, [], `seed ${seed}`)
    assert.ok(report.acknowledged > 0, 'somebody was answered')
    felt(report, also)
    if (full)
      assert.deepEqual(late(report), [], `seed ${seed}: each fault is over within ${RECOVERED_MS} ms of its end`)
  })
}

const besides = ({ spool, locks }: With): string[] => [
  ...(spool ? ['+ spool'] : []),
  ...(locks ? [`+ Redlock${locks === 'wait' ? '' : ` (${locks})`}`] : []),
]

/** A trial in which nothing was hit says nothing. */
function felt({ answers, killed, recoveries }: TrialReport, { spool, locks }: With): void {
  if (spool) assert.equal(answers['503'] ?? 0, 0, 'the spool takes what the broker does not')
  else if (locks !== 'fence-only') assert.ok((answers['503'] ?? 0) > 0, 'the broker was away')
  if (locks !== 'fence-only') assert.deepEqual(Object.keys(killed).sort(), ['ingestion', 'processing'])
  for (const { fault, effects, begun } of recoveries) {
    if (effects === 'rest') assert.equal(begun, 0, `${fault}: no effect begins without a quorum`)
    if (effects === 'go on') assert.ok(begun > 0, `${fault}: effects go on`)
  }
}

const late = ({ recoveries }: TrialReport): Recovery[] => recoveries.filter(({ ms }) => ms > RECOVERED_MS)

function told(t: TestContext, name: string, report: TrialReport): void {
  const { account, acknowledged, answers, offeredPerSecond, killed } = report
  const lines = [
    `${name}, seed ${seed}: ${Math.round(offeredPerSecond)} deliveries/s offered; answers ${JSON.stringify(answers)}; killed ${JSON.stringify(killed)}`,
    `${name}: ${acknowledged} ids with a 200, ${account.events} recorded, ${account.effects} effects, ${account.lostLeases} leases lost, ${report.refused} late calls refused by the destination, slowest SIGTERM ${seconds(report.slowestStopMs)}`,
    ...(headed ? [] : HEAD),
    ...rowsOf(name, report).map((cells) => `| ${cells.join(' | ')} |`),
  ]
  headed = true
  for (const line of lines) t.diagnostic(line)
}

/** All trials of a file share one table. */
let headed = false
const HEAD = [
  '| in front | fault | lost | doubled | out of order | longest stall | back after |',
  '|---|---|--:|--:|--:|--:|--:|',
]

function rowsOf(name: string, { account, recoveries }: TrialReport): string[][] {
  const { lost, open, doubled, backwards } = account.wrong
  const counts = [lost.length + open.length, doubled.length, backwards.length].map(String)
  const longest = Math.max(...recoveries.map(({ stallMs }) => stallMs))
  return [
    ...recoveries.map(({ fault, ms, stallMs, rested }) => {
      const back = `${seconds(ms)}${rested ? ' (the load rested)' : ''}`
      return [name, fault, '', '', '', seconds(stallMs), back]
    }),
    [name, 'all of them', ...counts, seconds(longest), seconds(Math.max(...recoveries.map(({ ms }) => ms)))],
  ]
}

const seconds = (ms: number): string => (ms === Number.POSITIVE_INFINITY ? 'never' : `${(ms / 1_000).toFixed(1)} s`)

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { nothingWrong } from '../chaos/books.ts'
import { type Recovery, type TrialReport, trial } from '../chaos/cluster/trial.ts'
import { postgres } from '../services/postgres.ts'
import { full, seed, sized } from '../size.ts'

const RATE = sized({ tenth: 50, whole: 500 })
const LONGEST_MS = sized({ tenth: 4_000, whole: 60_000 })
/** Saturated windows are figures, so only where the machine is ours. */
const WINDOW_MS = sized({ tenth: 0, whole: 10_000 })
const RECOVERED_MS = 10_000
const STOPPED_MS = 10_000
const KEPT = 0.9

test(`seven processes over one Postgres at ${RATE}/s while all of it fails in turn: no event that got a 200 is lost, doubled or out of order`, {
  skip: postgres.skip,
}, async (t) => {
  const report = await trial({ random: seeded(seed), ratePerSecond: RATE, forMs: LONGEST_MS, windowMs: WINDOW_MS })
  for (const line of told(report)) t.diagnostic(line)

  assert.deepEqual(report.account.wrong, nothingWrong, `seed ${seed}`)
  const strange = Object.keys(report.answers).filter((answer) => !['200', '503', 'no answer'].includes(answer))
  assert.deepEqual(strange, [], `seed ${seed}`)
  assert.ok(report.acknowledged > 0 && (report.answers['503'] ?? 0) > 0, 'the faults were felt')
  if (full) asFastAsBefore(report)
})

/** What depends on the machine's speed. */
function asFastAsBefore({ account, recoveries, before, after, slowestStopMs }: TrialReport): void {
  assert.ok(account.lostLeases > 0, 'faults hit events that were being worked')
  const late = recoveries.filter(({ ms }) => ms > RECOVERED_MS)
  assert.deepEqual(late, [], `each backlog is back at its level within ${RECOVERED_MS} ms`)
  assert.ok(after >= KEPT * before, `saturated ${after}/s after, ${before}/s before`)
  assert.ok(slowestStopMs <= STOPPED_MS, `the slowest stop took ${slowestStopMs} ms`)
}

function told(report: TrialReport): string[] {
  const { account, acknowledged, answers, offeredPerSecond, recoveries, refused, slowestStopMs } = report
  const { before, after } = report
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  const saturated = full ? [`saturated: ${Math.round(before)}/s before, ${Math.round(after)}/s after`] : []
  return [
    `seed ${seed}: ${Math.round(offeredPerSecond)} deliveries/s offered; answers ${JSON.stringify(answers)}`,
    `${acknowledged} ids with a 200, ${account.events} recorded, ${account.effects} effects, ${account.lostLeases} leases lost, ${refused} late calls refused by the destination`,
    ...saturated,
    `slowest SIGTERM ${seconds(slowestStopMs)}`,
    ...table(
      ['fault', 'open before', 'back there after'],
      recoveries.map(({ fault, open, ms }: Recovery) => [fault, String(open), seconds(ms)]),
    ),
  ]
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../src/core/random.ts'
import { nothingWrong } from '../chaos/books.ts'
import { kills } from '../chaos/kills.ts'
import { seed, sized } from '../size.ts'

const KILLS = sized({ tenth: 20, whole: 200 })
const EVENTS = sized({ tenth: 2_000, whole: 100_000 })
const RATE = 1_200

test(`${KILLS} times kill -9 under load: every id that got a 200 is done, with one effect and not two`, async (t) => {
  const report = await kills({ kills: KILLS, events: EVENTS, ratePerSecond: RATE, random: seeded(seed) })
  const { account, acknowledged, answers } = report
  t.diagnostic(
    `seed ${seed}: ${report.kills} kills and ${report.bootKills} during a start; ${acknowledged.size} ids with a 200, ` +
      `${account.events} recorded, ${account.effects} effects, ${account.lostLeases} leases lost; ${Math.round(report.offeredPerSecond)} deliveries/s offered; ` +
      `answers ${JSON.stringify(answers)}; ${report.replayed} events hit by three kills in a row and replayed`,
  )

  assert.deepEqual(account.wrong, nothingWrong, `seed ${seed}`)
  assert.ok(account.lostLeases > 0, 'the kills hit events that were being worked')
  assert.ok(acknowledged.size >= EVENTS, `${acknowledged.size} ids got a 200`)
  assert.ok(report.offeredPerSecond >= 1_000, `${report.offeredPerSecond} deliveries a second were offered`)
  assert.deepEqual(
    Object.keys(answers).filter((answer) => !['200', '503', 'no answer'].includes(answer)),
    [],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seed, sized } from '../size.ts'
import { badDeploy, busyRepair } from './repair.ts'

const DEPLOYS = sized({ tenth: 1_000, whole: 10_000 })
const BUSY = sized({ tenth: 3, whole: 30 })

test(`${DEPLOYS} bad deploys: no superseded event is replayed, every other one is, and objects end as in a clean pass`, async (t) => {
  const sum = { badly: 0, replayed: 0, superseded: 0 }
  for (let n = seed; n < seed + DEPLOYS; n++) {
    const one = await badDeploy(n, { events: 4 + (n % 13), objects: 1 + (n % 4) })
    for (const name of ['badly', 'replayed', 'superseded'] as const) sum[name] += one[name]
  }
  t.diagnostic(
    `${DEPLOYS} deploys from seed ${seed} on: ${sum.badly} events worked badly, ${sum.replayed} replayed, ${sum.superseded} superseded, 0 of them replayed`,
  )
  assert.ok(sum.replayed > DEPLOYS && sum.superseded > DEPLOYS / 4)
})

test(`${BUSY} repairs of hundreds of events while the new release works them`, async (t) => {
  let replayed = 0
  for (let n = 0; n < BUSY; n++) replayed += (await busyRepair(seed + n, { events: 900, objects: 300 })).replayed
  t.diagnostic(`${replayed} events replayed`)
  assert.ok(replayed > BUSY * 200)
})

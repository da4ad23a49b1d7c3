import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seed, sized } from '../size.ts'
import { simulate } from './cluster.ts'

const seeds = Array.from({ length: sized({ tenth: 20, whole: 200 }) }, (_, n) => seed + n)

for (const one of seeds) {
  test(`seed ${one}: nothing lost, nothing twice, in order, and the money is right`, async (t) => {
    const { events, crashes, restarts, dead, mails } = await simulate(one)

    t.diagnostic(
      `seed ${one}: ${events} events, ${crashes} crashes, ${restarts} restarts, ${dead} dead letters reopened, ${mails} mails`,
    )
    assert.ok(events > 50 && crashes + restarts > 0)
  })
}

test('the same seed gives the same run', async () => {
  assert.deepEqual(await simulate(seed), await simulate(seed))
})

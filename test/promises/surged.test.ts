import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inFiles } from '../chaos/ground.ts'
import { CAPACITY, FACTOR, trial } from '../soak/trial.ts'

// Its whole size, in figures and over a broker: `npm run soak -- surge`.
if (inFiles())
  test(`${FACTOR} times what the handlers bear: nobody hears anything but 200 and 503, and all of it is worked`, async (t) => {
    const found = await trial({ stage: 'sqlite', warmUpMs: 0, quietMs: 500, surgeMs: 2_000 })

    const { quiet, surge, answered200, lost, backlog, worked } = found
    t.diagnostic(`${answered200} answered with 200, ${backlog} left by the surge, ${worked} worked`)
    assert.equal(lost, 0)
    const answers = Object.keys({ ...quiet.load.refused, ...surge.load.refused })
    assert.deepEqual(
      answers.filter((answer) => answer !== '503'),
      [],
    )
    assert.equal(surge.load.broken, 0)
    assert.ok(backlog > CAPACITY, 'it was more than the handlers bear')
  })

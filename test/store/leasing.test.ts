import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Leasing } from '../../src/store/postgres/leasing.ts'

const REF = 1

/** None of what it stands on is asked in these. */
const leasing = () => new Leasing({} as ConstructorParameters<typeof Leasing>[0])

test('a late word about an earlier lease takes nothing from the one that a worker has now', () => {
  const known = leasing()
  known.goOn([{ ref: REF, fence: 9 }])

  known.goOn([{ ref: REF, fence: 5 }])
  known.ended({ ref: REF, fence: 5 })

  assert.equal(known.delivered(REF, 9), true)
  assert.equal(known.delivered(REF, 5), false)
})

test('a lease that has ended is no longer known', () => {
  const known = leasing()
  known.goOn([{ ref: REF, fence: 9 }])

  known.ended({ ref: REF, fence: 9 })

  assert.equal(known.delivered(REF, 9), false)
})

import { describe, test } from 'node:test'
import { lockSuite } from '../../src/testing/lock-suite.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'
import { locksOf } from './locks.ts'
import { local, threaded } from './sqlite.ts'

const places = { 'in this thread': local, 'in a thread of its own': threaded }

for (const [place, harness] of Object.entries(places)) {
  for (const [subject, promises] of Object.entries(storeSuite)) {
    describe(`sqlite ${place}, ${subject}`, () => {
      for (const promise of promises.filter(({ needs }) => needs.every((need) => harness.offers.includes(need)))) {
        test(promise.name, () => promise.run(harness))
      }
    })
  }
  describe(`sqlite ${place}, locks`, () => {
    const locks = locksOf(harness)
    for (const promise of lockSuite.filter(({ needs }) => needs.every((need) => locks.offers.includes(need)))) {
      test(promise.name, () => promise.run(locks))
    }
  })
}

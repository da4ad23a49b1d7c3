import { describe, test } from 'node:test'
import { lockSuite } from '../../src/testing/lock-suite.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'
import { postgres, postgres18 } from '../services/postgres.ts'
import { locksOf } from './locks.ts'
import { onPostgres } from './postgres.ts'

for (const server of [postgres, postgres18]) {
  const harness = onPostgres(() => server.ready())
  const place = { skip: server.skip }
  for (const [subject, promises] of Object.entries(storeSuite)) {
    describe(`${server.name}, ${subject}`, place, () => {
      for (const promise of promises.filter(({ needs }) => needs.every((need) => harness.offers.includes(need)))) {
        test(promise.name, () => promise.run(harness))
      }
    })
  }
  describe(`${server.name}, locks`, place, () => {
    const locks = locksOf(harness)
    for (const promise of lockSuite.filter(({ needs }) => needs.every((need) => locks.offers.includes(need)))) {
      test(promise.name, () => promise.run(locks))
    }
  })
}

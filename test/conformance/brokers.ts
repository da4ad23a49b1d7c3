import { describe, test } from 'node:test'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'

/** Tries every promise whose needs the harness offers, one after another: a cut or a restart is everybody's. */
export function keepsBrokerPromises(
  name: string,
  harness: BrokerHarness,
  options: { skip?: string | false } = {},
): void {
  describe(`${name}, broker`, { skip: options.skip ?? false }, () => {
    for (const promise of brokerSuite.filter(({ needs }) => needs.every((need) => harness.offers.includes(need)))) {
      test(promise.name, { timeout: 90_000 }, () => promise.run(harness))
    }
  })
}

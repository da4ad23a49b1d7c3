import { describe, test } from 'node:test'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import { type BrokerPromise, brokerSuite } from '../../src/testing/broker-suite.ts'
import { record } from './kept.ts'

/**
 * Tries every promise whose needs the harness offers, one after another: a cut or a restart is everybody's. `atOnce` is for a
 * harness whose brokers have a way to the service each of their own, so that only a restart is everybody's. What is a `driver` of
 * ours has a column in the documents.
 */
export function keepsBrokerPromises(
  name: string,
  harness: BrokerHarness,
  options: { skip?: string | false; atOnce?: number; driver?: string } = {},
): void {
  const kept = options.driver ? record('broker', options.driver, harness) : () => {}
  const offered = brokerSuite.filter(({ needs }) => needs.every((need) => harness.offers.includes(need)))
  const disturbing = ({ needs }: BrokerPromise) => needs.includes('restart')
  const tried = (promises: readonly BrokerPromise[]) => {
    for (const promise of promises)
      test(promise.name, { timeout: 90_000 }, () => promise.run(harness).then(() => kept(promise.name)))
  }
  describe(`${name}, broker`, { skip: options.skip ?? false, concurrency: options.atOnce ?? 1 }, () => {
    tried(offered.filter((promise) => !disturbing(promise)))
  })
  if (!harness.offers.includes('restart')) return
  describe(`${name}, broker over a restart`, { skip: options.skip ?? false }, () => {
    tried(offered.filter(disturbing))
  })
}

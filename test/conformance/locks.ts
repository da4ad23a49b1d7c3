import type { Harness } from '../../src/testing/harness.ts'
import type { LockHarness } from '../../src/testing/lock-suite.ts'

/** The locks of whatever store a harness opens. */
export const locksOf = (harness: Harness): LockHarness => ({
  offers: harness.offers,
  async open() {
    const { store, clock, close } = await harness.open()
    return { locks: store.locks, advance: (ms) => clock.advance(ms), close }
  },
})

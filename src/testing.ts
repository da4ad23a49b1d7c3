export { type Fault, type FaultPlan, forEachFault, nthFails, someFail, withFaults } from './testing/faults.ts'
export type { Harness, Need, Opened, StorePromise } from './testing/harness.ts'
export { type LockHarness, type LockPromise, lockSuite } from './testing/lock-suite.ts'
export { storeSuite } from './testing/store-suite.ts'

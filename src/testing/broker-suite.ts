import { appending } from './broker/appending.ts'
import { cutting } from './broker/cutting.ts'
import { lending } from './broker/lending.ts'
import type { BrokerPromise } from './broker/promise.ts'
import { sharing } from './broker/sharing.ts'

/** What every broker promises. One that keeps all of these can stand in front of the ledger. */
export const brokerSuite: readonly BrokerPromise[] = [...appending, ...lending, ...sharing, ...cutting]
export type { BrokerPromise } from './broker/promise.ts'

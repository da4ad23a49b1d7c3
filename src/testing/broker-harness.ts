import type { Broker, Finding } from '../broker/broker.ts'

/** What a broker needs from its surroundings so that a promise can be tried on it. */
export type BrokerNeed =
  /** `restart`: the service is killed without warning and started again over the same data. */
  | 'restart'
  /** `cut`: connections to the service are broken, and new ones refused, until `heal`. */
  | 'cut'
  /** `raw`: bytes can be put into the broker by somebody who is not Hookkeeper. */
  | 'raw'
  /** Several machines may append and receive (`another`). */
  | 'shared'

/** What whoever writes a broker's driver brings, so that the suite can be run over it. */
export interface BrokerHarness {
  readonly offers: readonly BrokerNeed[]
  /** Of the service, as it says itself: `Redis 7.0.15`. */
  version(): Promise<string>
  /** A stream, topic or queue of its own for each call, empty; loans that end after `lentMs` (about a second). */
  open(): Promise<OpenedBroker>
}

export interface OpenedBroker {
  readonly broker: Broker
  /** The loan's time: unacknowledged messages come again after it. */
  readonly lentMs: number
  /** What `check` rightly finds in a service that is smaller here than it should be. By default nothing is expected. */
  expected?(finding: Finding): boolean
  /** Another process at the same place. */
  another(): Promise<Broker>
  restart(): Promise<void>
  cut(): Promise<void>
  heal(): Promise<void>
  /** Appends bytes without Hookkeeper's attributes, as a foreign sender would. */
  raw(body: Uint8Array): Promise<void>
  /** Ends every broker that was opened here, and what stands behind them if it was started for this one. */
  close(): Promise<void>
}

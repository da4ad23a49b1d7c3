import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Logger } from '../core/service.ts'

/** What every driver is opened with. What only one of them knows stands in the query of its URL. */
export interface BrokerOptions {
  /** Where it is, with the credentials: `redis://...`, `kafka://host:port/topic`, ... */
  readonly url: string
  /** How messages, metrics and logs call it; by default its scheme and place, without credentials. */
  readonly name?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** After this long an unacknowledged message comes again. Longer than an admit may take. */
  readonly lentMs?: number
}

/** A healthy admit takes milliseconds; a minute outlasts a database's fail-over and keeps a crash's repeat soon. */
export const LENT_MS = 60_000

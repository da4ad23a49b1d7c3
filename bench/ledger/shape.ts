import type { Envelope, Tenant } from '../../src/core/event.ts'
import { templates } from '../load/bodies.ts'

/** What a prepared ledger holds before anything is measured. */
export interface Shape {
  /** Finished events: rows, ids, log and keys, but bodies past retention. */
  readonly done: number
  /** Events that wait, spread evenly over `LANES` lanes. */
  readonly waiting: number
  /** Events that wait in one lane of their own. */
  readonly hot: number
  /** Events that wait in the same lanes as the others, of a type that is held. */
  readonly held: number
}

export const LANES = 1_000
export const TENANT: Tenant = { account: 'default', connected: null, livemode: false }
export const TYPE = 'charge.succeeded'
export const HELD_TYPE = 'charge.refunded'
export const HOT_LANE = 'default/test:cus_hot'

export const laneOf = (customer: number): string => `default/test:${customerOf(customer)}`
export const customerOf = (customer: number): string => `cus_${String(customer).padStart(14, '0')}`

/** The id of the event with that number in a prepared ledger. */
export const idAt = (seq: number): string => `evt_1${String(seq).padStart(23, '0')}`

/** Fresh events, one after another, spread over the lanes; `run` tells those of one run from those of another. */
export function envelopes(run: string, now: () => number): () => Envelope {
  const bodies = templates().map(({ body }) => body)
  let made = 0
  return () => {
    const number = made++
    const customer = number % LANES
    return {
      id: `evt_2${run}${String(number).padStart(23 - run.length, '0')}`,
      type: TYPE,
      tenant: TENANT,
      apiVersion: '2026-04-22.dahlia',
      createdAt: now(),
      object: `ch_2${run}${String(number).padStart(23 - run.length, '0')}`,
      customer: customerOf(customer),
      endpoint: 'default',
      via: 'webhook',
      body: bodies[number % bodies.length]!,
      lane: laneOf(customer),
      rank: 16,
      urgency: 'soon',
      as: 'work',
    }
  }
}

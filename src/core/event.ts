/** Whose event it is. Two events with one id under two tenants are two events. */
export interface Tenant {
  /** The name of our own Stripe account in the configuration; `default` unless several are configured. */
  readonly account: string
  /** The id of the Connect account that the event is about (`acct_...`), or null. */
  readonly connected: string | null
  readonly livemode: boolean
}

/** The road by which an event came: Stripe's delivery, reconciliation, or a trusted queue. */
export type Via = 'webhook' | 'sweep' | 'queue'

/** How urgent a type is. A buyer waits for `now`; renewals are `batch`; what is not known is `soon`. */
export type Urgency = 'now' | 'soon' | 'batch'
export const URGENCIES = ['now', 'soon', 'batch'] as const satisfies readonly Urgency[]

/** A Stripe event as the ledger keeps it. `body` holds Stripe's bytes, untouched. */
export interface Event {
  readonly id: string
  readonly type: string
  readonly tenant: Tenant
  readonly apiVersion: string | null
  /** When Stripe made it, in milliseconds (Stripe counts in seconds: several events share one value). */
  readonly createdAt: number
  /** The id of `data.object`; null where Stripe gives it none (`invoice.upcoming`, `balance.available`). */
  readonly object: string | null
  readonly customer: string | null
  /** The endpoint whose secret matched: `<account>` or `<account>/<name>`. */
  readonly endpoint: string
  readonly via: Via
  readonly body: Uint8Array
}

/** An event on its way into the ledger, with what decides where and when it is worked. */
export interface Envelope extends Event {
  /** Customer, else object, else type: events of one lane are worked one at a time. An object seen before keeps its lane. */
  readonly lane: string
  /** Orders events of one lane that share a second: created (0) before updated before paid before deleted (31). */
  readonly rank: number
  readonly urgency: Urgency
  /** `work` it, only `record` it (the other mode's events), or `hold` it until a person releases it. */
  readonly as: 'work' | 'record' | 'hold'
}

/** Does a handler's or a control's pattern cover a type? Patterns are a type, `*`, or a family such as `invoice.*`. */
export function matches(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))
}

import type { Envelope, Via } from '../core/event.ts'
import { rankOf, urgencyOf } from './catalog.ts'
import { type LaidOut, readLayout } from './layout.ts'

/** What an event says about itself, in any API version. Nothing here is looked up and nothing is guessed. */
export interface Facts {
  readonly id: string
  readonly type: string
  readonly createdAt: number
  readonly livemode: boolean
  /** The Connect account (`acct_...`), or null for our own. */
  readonly connected: string | null
  readonly apiVersion: string | null
  /** The id of `data.object`; null where Stripe gives it none. */
  readonly object: string | null
  /** What `data.object` is: `invoice`, `charge`, ... */
  readonly kind: string | null
  readonly customer: string | null
}

/** `what` names the field at fault, never its value. */
export type Reading =
  | { readonly ok: true; readonly event: Facts }
  | { readonly ok: false; readonly code: 'body_not_json' | 'body_not_event'; readonly what: string }

/** Reads a body whose signature is right. Never throws; the body is read once and not kept. */
export function readEvent(body: Uint8Array): Reading {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const laidOut = readLayout(bytes)
  return laidOut ? { ok: true, event: factsOf(laidOut) } : readParsed(bytes)
}

function factsOf({ created, account, ...facts }: LaidOut): Facts {
  return { ...facts, createdAt: created * 1_000, connected: account }
}

function readParsed(body: Buffer): Reading {
  const parsed = parse(body)
  if (parsed === undefined) return notJson
  if (!isRecord(parsed)) return notEvent('it is not an object')
  if (parsed['object'] === 'v2.core.event') return notEvent('it is a thin event; choose snapshot payloads')
  if (parsed['object'] !== 'event') return notEvent('its object is not "event"')

  const { id, type, created, livemode, account, data } = parsed
  if (!isName(id)) return notEvent('its id is missing or unusable')
  if (!isName(type)) return notEvent('its type is missing or unusable')
  if (!isInstant(created)) return notEvent('its created is not a number of seconds')
  if (typeof livemode !== 'boolean') return notEvent('its livemode is neither true nor false')
  if (account !== undefined && account !== null && !isAccount(account)) return notEvent('its account is unusable')
  if (!isRecord(data) || !isRecord(data['object'])) return notEvent('it has no data.object')

  const object = data['object']
  return {
    ok: true,
    event: {
      id,
      type,
      createdAt: created * 1_000,
      livemode,
      connected: account ?? null,
      apiVersion: nameOf(parsed['api_version']),
      object: nameOf(object['id']),
      kind: nameOf(object['object']),
      customer: customerOf(object, data['previous_attributes']),
    },
  }
}

/**
 * The customer that the object names: by id, expanded, or as the account that stands for one (`customer_account`). An
 * object that just lost its customer (`payment_method.detached`) still says in `previous_attributes` whose it was, and
 * that lane is where it belongs.
 */
function customerOf(object: Body, previous: unknown): string | null {
  if (object['object'] === 'customer') return nameOf(object['id'])
  const named = idOf(object['customer']) ?? idOf(object['customer_account'])
  if (named !== null || !isRecord(previous)) return named
  return idOf(previous['customer'])
}

/**
 * Which modes of an account are worked: the mode of its key, or both when it has none. The other mode's events are
 * recorded only.
 */
export type Mode = 'live' | 'test' | 'both'

export interface Arrival {
  readonly body: Uint8Array
  readonly account: string
  readonly endpoint: string
  readonly via: Via
  readonly mode: Mode
}

export function toEnvelope(facts: Facts, { body, account, endpoint, via, mode }: Arrival): Envelope {
  const { id, type, createdAt, livemode, connected, apiVersion, object, customer } = facts
  return {
    id,
    type,
    tenant: { account, connected, livemode },
    apiVersion,
    createdAt,
    object,
    customer,
    endpoint,
    via,
    body,
    lane: laneOf(account, facts),
    rank: rankOf(type),
    urgency: urgencyOf(type),
    as: mode === 'both' || (mode === 'live') === livemode ? 'work' : 'record',
  }
}

/**
 * `default:cus_123`, `default/test:cus_123`, `eu/acct_9/test:ch_5`: tenants never share a lane. Unambiguous because an
 * account's name holds neither `/` nor `:`, and a Connect account begins with `acct_`.
 */
function laneOf(account: string, { connected, livemode, customer, object, type }: Facts): string {
  const tenant = `${account}${connected === null ? '' : `/${connected}`}${livemode ? '' : '/test'}`
  return `${tenant}:${customer ?? object ?? type}`
}

type Body = Record<string, unknown>

const notJson: Reading = { ok: false, code: 'body_not_json', what: 'it is not JSON' }
const notEvent = (what: string): Reading => ({ ok: false, code: 'body_not_event', what })

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)

// Ids and types reach log lines, addresses and keys: one printable ASCII word, as long as Stripe's own bound for ids.
const NAME = /^[\x21-\x7e]{1,255}$/
const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value)
const nameOf = (value: unknown): string | null => (isName(value) ? value : null)
const idOf = (value: unknown): string | null => nameOf(isRecord(value) ? value['id'] : value)

const ACCOUNT = /^acct_[A-Za-z0-9_]{1,250}$/
const isAccount = (value: unknown): value is string => typeof value === 'string' && ACCOUNT.test(value)

// The last instant that a Date can hold, in seconds: beyond it nothing could be shown.
const INSTANT_MAX = 8.64e12
const isInstant = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= INSTANT_MAX

import type { Stripe } from 'stripe'
import { isKnown } from '../../stripe/catalog.ts'
import { seconds } from '../calendar.ts'
import type { Ids } from '../ids.ts'
import { asJson } from '../objects/wire.ts'
import type { Fields } from './fields.ts'
import { flag, type Given, listOf, type Params, pairs, text } from './params.ts'
import { invalid, missingParameter, noSuch, Refusal, unknownParameter } from './refusal.ts'

export type WebhookEndpoint = Stripe.WebhookEndpoint

export interface EndpointsOptions {
  readonly ids: Ids
  readonly now: () => number
  readonly livemode: boolean
}

/** The account's webhook endpoints. They are kept and shown; deliveries go where the simulation was told. */
export interface Endpoints {
  /** Newest first. */
  all(): Fields[]
  one(id: string): Fields
  /** The answer, and no other, holds the secret. */
  create(params: Params): Fields
  update(id: string, params: Params): Fields
  remove(id: string): Fields
}

// Stripe allows as many to an account.
const ENDPOINTS_MAX = 16

export function createEndpoints({ ids, now, livemode }: EndpointsOptions): Endpoints {
  const endpoints = new Map<string, WebhookEndpoint>()
  const find = (id: string): WebhookEndpoint => {
    const found = endpoints.get(id)
    if (!found) throw noSuch('webhook endpoint', id)
    return found
  }
  const keep = (endpoint: WebhookEndpoint): WebhookEndpoint => {
    endpoints.set(endpoint.id, endpoint)
    return endpoint
  }

  return {
    all: () => [...endpoints.values()].reverse().map(asJson),
    one: (id) => asJson(find(id)),
    create(params) {
      const wanted = read(params, CREATE)
      for (const needed of ['enabled_events', 'url'] as const) if (!(needed in wanted)) throw missingParameter(needed)
      if (endpoints.size >= ENDPOINTS_MAX) throw full(livemode)
      const endpoint = keep({ ...blank(ids.make('we', now()), seconds(now()), livemode), ...wanted })
      return asJson({ ...endpoint, secret: `whsec_${ids.text(32)}` })
    },
    update(id, params) {
      const before = find(id)
      const { metadata, ...wanted } = read(params, UPDATE)
      // An empty value unsets a key.
      const merged = Object.entries({ ...before.metadata, ...metadata }).filter(([, value]) => value !== '')
      const kept = params['metadata'] === '' ? {} : Object.fromEntries(merged)
      return asJson(keep({ ...before, ...wanted, metadata: kept }))
    },
    remove(id) {
      endpoints.delete(find(id).id)
      return { id, object: 'webhook_endpoint', deleted: true }
    },
  }
}

const blank = (id: string, created: number, livemode: boolean): WebhookEndpoint => ({
  id,
  object: 'webhook_endpoint',
  api_version: null,
  application: null,
  created,
  description: null,
  enabled_events: [],
  livemode,
  metadata: {},
  status: 'enabled',
  url: '',
})

type Reader = (given: Given, param: string) => Partial<WebhookEndpoint>

const UPDATE: Readonly<Record<string, Reader>> = {
  description: (given, param) => ({ description: text(given, param) || null }),
  disabled: (given, param) => ({ status: flag(given, param) ? 'disabled' : 'enabled' }),
  enabled_events: (given, param) => ({ enabled_events: typesOf(given, param) }),
  expand: () => ({}),
  metadata: (given, param) => ({ metadata: pairs(given, param) }),
  url: (given, param) => ({ url: urlOf(given, param) }),
}
const { disabled: _, ...both } = UPDATE
const CREATE: Readonly<Record<string, Reader>> = {
  ...both,
  api_version: (given, param) => ({ api_version: versionOf(given, param) }),
  // Taken and, as at Stripe, never shown.
  connect: (given, param) => {
    flag(given, param)
    return {}
  },
}

function read(params: Params, readers: Readonly<Record<string, Reader>>): Partial<WebhookEndpoint> {
  const values = Object.entries(params).map(([param, given]) => {
    const reader = readers[param]
    if (!reader) throw unknownParameter(param)
    return reader(given, param)
  })
  return Object.assign({}, ...values)
}

function typesOf(given: Given, param: string): string[] {
  const types = listOf(given, param)
  const unknown = types.findIndex((type) => type !== '*' && !isKnown(type))
  if (unknown >= 0) {
    throw invalid(`Invalid ${param}[${unknown}]: ${types[unknown]} is no type of event`, `${param}[${unknown}]`)
  }
  return types
}

function urlOf(given: Given, param: string): string {
  const url = text(given, param)
  if (/^https?:\/\/[^/]/.test(url) && URL.canParse(url)) return url
  throw invalid('Invalid URL: An explicit scheme (such as https) must be provided.', param, 'url_invalid')
}

function versionOf(given: Given, param: string): string {
  const version = text(given, param)
  if (/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(version)) return version
  throw invalid(`Invalid Stripe API version: ${version}`, param)
}

const full = (livemode: boolean): Refusal =>
  new Refusal(400, `You have reached the maximum of ${ENDPOINTS_MAX} ${livemode ? 'live' : 'test'} webhook endpoints.`)

import type { Ids } from '../ids.ts'
import { expanded } from './expand.ts'
import type { Fields } from './fields.ts'
import type { Place } from './filters.ts'
import { keyOf } from './key.ts'
import { parse } from './params.ts'
import { createRate } from './rate.ts'
import type { Records } from './records.ts'
import { accountUnknown, Refusal, told, tooMany, unknownUrl } from './refusal.ts'
import { createRepeats } from './repeats.ts'
import { type Books, ROUTES, type Route } from './routes.ts'

export interface ApiOptions {
  /** The platform's own account. */
  readonly account: string
  readonly records: Records
  readonly books: Books
  readonly ids: Ids
  /** What objects are shaped by. */
  readonly version: string
  /** The one key that is taken; by default every secret or restricted key of the merchant's mode. */
  readonly key?: string
  /** More requests than that in one second are answered with 429; by default none is. */
  readonly ratePerSecond?: number
  /** Our clock, in milliseconds: for the rate, and for how long answers are remembered. */
  readonly now: () => number
  /** Whether a delivery of this event was answered with a 2xx. */
  readonly delivered: (eventId: string) => boolean
}

/** A request that has arrived whole; the names of its headers are in lower case. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
}

/** Stripe's API over the merchant's records. What somebody asks wrongly is answered, not thrown. */
export function createApi(options: ApiOptions): (asked: Asked) => Answer {
  const { ids, version, books, now, ratePerSecond = Number.POSITIVE_INFINITY } = options
  const free = createRate(ratePerSecond, now)
  const once = createOnce(now)

  function answer(asked: Asked, requestId: string): Answer {
    const key = keyOf(asked.headers.authorization, options)
    if (!free()) throw tooMany()
    const place = placeOf(asked.headers['stripe-account'], key, options)
    const [path = '', query = ''] = asked.url.split('?')
    const { route, id, inner } = routeOf(asked.method, path)
    const params = parse(route.method === 'POST' ? asked.body : query)
    const work = () => expanded(route.answer({ params, id, inner, place, books }), params, place.shelf)
    if (route.method !== 'POST') return { status: 200, headers: {}, body: work() }
    return once(asked.headers['idempotency-key'], JSON.stringify([place.account, path, params]), { requestId, work })
  }

  return (asked) => {
    const requestId = ids.make('req', now())
    const headers = {
      'request-id': requestId,
      'stripe-version': one(asked.headers['stripe-version']) ?? version,
      ...named('stripe-account', one(asked.headers['stripe-account'])),
    }
    try {
      const { headers: more, ...rest } = answer(asked, requestId)
      return { ...rest, headers: { ...headers, ...more } }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // Whoever asks again for the same gets the same, or has to wait first.
      const why = { 'stripe-should-retry': 'false', ...error.headers }
      return { status: error.status, headers: { ...headers, ...why }, body: told(error, requestId, books.livemode) }
    }
  }
}

/** Requests that change something: with an idempotency key, the same again gets the answer of the first time. */
function createOnce(now: () => number) {
  const repeats = createRepeats(now)
  return (key: Asked['headers'][string], wish: string, { requestId, work }: { requestId: string; work(): Fields }) => {
    if (typeof key !== 'string') return { status: 200, headers: {}, body: work() }
    const before = repeats.recall({ key, wish })
    const { body, requestId: first } = before ?? { body: work(), requestId }
    // A refusal has thrown by now: it is not remembered, so that the mended request may use the same key.
    if (!before) repeats.remember({ key, wish }, { body, requestId })
    const headers = {
      'idempotency-key': key,
      'original-request': first,
      ...named('idempotent-replayed', before && 'true'),
    }
    return { status: 200, headers, body }
  }
}

function placeOf(header: Asked['headers'][string], key: string, { account, records, delivered }: ApiOptions): Place {
  const wanted = one(header) ?? account
  const shelf = records.shelf(wanted)
  if (!shelf) throw accountUnknown(wanted, key)
  return { account: wanted, shelf, delivered }
}

const UNCHANGED =
  ' (The simulated merchant lives by itself: of what the API could change, only webhook endpoints can be changed here.)'

function routeOf(method: string, path: string): { readonly route: Route; readonly id: string; readonly inner: string } {
  const asked = path.split('/').map(decoded)
  for (const route of ROUTES) {
    const parts = route.path.split('/')
    const same = (part: string, index: number) => (part.startsWith(':') ? asked[index] !== '' : part === asked[index])
    if (route.method !== method || parts.length !== asked.length || !parts.every(same)) continue
    const [id = '', inner = ''] = [':id', ':inner'].map((name) => asked[parts.indexOf(name)])
    // A search is no id, and not to be had here.
    if (id !== 'search') return { route, id, inner }
  }
  throw unknownUrl(method, path, method === 'GET' ? '' : UNCHANGED)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const one = (header: Asked['headers'][string]): string | undefined => (Array.isArray(header) ? header[0] : header)
const named = (name: string, value: string | null | undefined) => (value ? { [name]: value } : {})

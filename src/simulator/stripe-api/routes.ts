import { asJson } from '../objects/wire.ts'
import { balanceOf } from './balance.ts'
import { at, type Fields } from './fields.ts'
import type { Filters, Place } from './filters.ts'
import { type Kind, listOf, oneOf } from './kind.ts'
import { KINDS, NESTED, type Nested } from './kinds.ts'
import { page } from './list.ts'
import type { Params } from './params.ts'
import { noSuch, unknownParameter } from './refusal.ts'
import type { Endpoints } from './webhook-endpoints.ts'

/** A request, as far as a route is concerned. */
export interface Call {
  readonly params: Params
  /** What stands at `:id` in the path, else empty. */
  readonly id: string
  /** And at `:inner`. */
  readonly inner: string
  readonly place: Place
  readonly books: Books
}

/** What all requests have in common. */
export interface Books {
  readonly livemode: boolean
  readonly endpoints: Endpoints
  /** The merchant's present. */
  now(): number
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** What a list can be filtered by; null where there is no list. */
  readonly filters: readonly string[] | null
  answer(call: Call): Fields
}

/** Everything that the API answers. The first that fits is taken. */
export const ROUTES: readonly Route[] = [
  one('/v1/account', ({ place }) => oneOf(kindOf('account'), place.account, place)),
  one('/v1/balance', ({ place, books }) => asJson(balanceOf(place.shelf, books.now(), books.livemode))),
  ...KINDS.flatMap((kind) => [
    list(`/v1/${kind.path}`, kind.filters, ({ params, place }) => listOf(kind, params, place)),
    one(`/v1/${kind.path}/:id`, ({ id, place }) => oneOf(kind, id, place)),
  ]),
  one('/v1/mandates/:id', ({ id, place }) => oneOf({ name: 'mandate' }, id, place)),
  ...NESTED.flatMap((nested) => [
    list(`/v1/${kindOf(nested.owner).path}/:id/${nested.path}`, nested.filters, (call) => belowOf(nested, call)),
    one(`/v1/${kindOf(nested.owner).path}/:id/${nested.path}/:inner`, (call) => oneBelow(nested, call)),
  ]),
  list('/v1/credit_notes/:id/lines', {}, (call) => linesOf('credit_note', call)),
  list('/v1/invoices/:id/lines', {}, (call) => linesOf('invoice', call)),
  list('/v1/webhook_endpoints', {}, ({ params, place, books }) =>
    asJson(page({ items: books.endpoints.all(), ...endpointList }, params, place)),
  ),
  one('/v1/webhook_endpoints/:id', ({ id, books }) => books.endpoints.one(id)),
  change('POST', '/v1/webhook_endpoints', ({ params, books }) => books.endpoints.create(params)),
  change('POST', '/v1/webhook_endpoints/:id', ({ id, params, books }) => books.endpoints.update(id, params)),
  change('DELETE', '/v1/webhook_endpoints/:id', ({ id, books }) => books.endpoints.remove(id)),
]

const endpointList = { name: 'webhook endpoint', url: '/v1/webhook_endpoints', filters: {} }

function list(path: string, filters: Filters, answer: Route['answer']): Route {
  return { method: 'GET', path, filters: Object.keys(filters).sort(), answer }
}

/** A retrieval takes nothing but `expand`. */
function one(path: string, answer: Route['answer']): Route {
  return {
    ...{ method: 'GET', path, filters: null },
    answer(call) {
      const other = Object.keys(call.params).find((param) => param !== 'expand')
      if (other !== undefined) throw unknownParameter(other)
      return answer(call)
    },
  }
}

function change(method: 'POST' | 'DELETE', path: string, answer: Route['answer']): Route {
  return { method, path, filters: null, answer }
}

function kindOf(name: string): Kind {
  return KINDS.find((kind) => kind.name === name) as Kind
}

function belowOf({ owner, path, name, link, filters }: Nested, { id, params, place }: Call): Fields {
  oneOf(kindOf(owner), id, place)
  const url = `/v1/${kindOf(owner).path}/${id}/${path}`
  const items = place.shelf.all(name).filter((object) => object[link] === id)
  return asJson(page({ items, name, url, filters }, params, place))
}

function oneBelow({ owner, name, link }: Nested, { id, inner, place }: Call): Fields {
  oneOf(kindOf(owner), id, place)
  const found = oneOf({ name }, inner, place)
  if (found[link] !== id) throw noSuch(name, inner)
  return found
}

/** All lines of an invoice or a credit note. The object itself shows the first ten. */
function linesOf(name: string, { id, params, place }: Call): Fields {
  const owner = oneOf(kindOf(name), id, place)
  const shown = (at('lines.data', owner) ?? []) as Fields[]
  const more = place.shelf.all('line_item').filter(({ invoice }) => invoice === id)
  const items = [...shown, ...more.reverse()]
  return asJson(
    page({ items, name: 'line item', url: `/v1/${kindOf(name).path}/${id}/lines`, filters: {} }, params, place),
  )
}

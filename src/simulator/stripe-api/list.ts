import type { Fields } from './fields.ts'
import type { Filters, Place } from './filters.ts'
import { integer, type Params, text } from './params.ts'
import { exclusive, invalid, noSuch, unknownParameter } from './refusal.ts'

export interface Listing {
  /** Newest first. */
  readonly items: readonly Fields[]
  /** How an error calls one of them. */
  readonly name: string
  readonly url: string
  readonly filters: Filters
  /** What is left out whatever the parameters say. */
  readonly shown?: (object: Fields) => boolean
}

export interface List {
  readonly object: 'list'
  readonly data: readonly Fields[]
  readonly has_more: boolean
  readonly url: string
}

const LIMIT = 10
const LIMIT_MAX = 100
const PAGING = new Set(['limit', 'starting_after', 'ending_before', 'expand'])

/** One page of a list, as Stripe cuts it. */
export function page({ items, name, url, filters, shown }: Listing, params: Params, place: Place): List {
  const tests = Object.entries(params)
    .filter(([param]) => !PAGING.has(param))
    .map(([param, given]) => (filters[param] ?? refuse)(given, param, place))
  const wanted = (object: Fields) => (shown?.(object) ?? true) && tests.every((test) => test(object))
  const limit = limitOf(params)
  const { rest, backwards } = restOf(items, name, params)

  // One more than asked for tells whether there is more.
  const found: Fields[] = []
  for (const object of rest) {
    if (found.length > limit) break
    if (wanted(object)) found.push(object)
  }
  const data = found.slice(0, limit)
  return { object: 'list', data: backwards ? data.reverse() : data, has_more: found.length > limit, url }
}

function refuse(_given: unknown, param: string): never {
  throw unknownParameter(param)
}

function limitOf({ limit }: Params): number {
  if (limit === undefined) return LIMIT
  const wanted = integer(limit, 'limit')
  if (wanted < 1) throw invalid('This value must be greater than or equal to 1.', 'limit', 'parameter_invalid_integer')
  if (wanted <= LIMIT_MAX) return wanted
  const message = `This value must be less than or equal to ${LIMIT_MAX} (it currently is '${wanted}').`
  throw invalid(message, 'limit', 'parameter_invalid_integer')
}

/** What comes after the cursor; towards the newer ones, the nearest comes first. */
function restOf(items: readonly Fields[], name: string, params: Params) {
  const { starting_after: after, ending_before: before } = params
  if (after !== undefined && before !== undefined) throw exclusive('starting_after', 'ending_before')
  const place = (id: string, param: string) => {
    const index = items.findIndex((object) => object['id'] === id)
    if (index < 0) throw noSuch(name, id, param)
    return index
  }
  if (after !== undefined) {
    return { rest: items.slice(place(text(after, 'starting_after'), 'starting_after') + 1), backwards: false }
  }
  if (before === undefined) return { rest: items, backwards: false }
  return { rest: items.slice(0, place(text(before, 'ending_before'), 'ending_before')).reverse(), backwards: true }
}

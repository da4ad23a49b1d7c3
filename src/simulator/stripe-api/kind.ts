import { asJson } from '../objects/wire.ts'
import type { Fields } from './fields.ts'
import type { Filters, Place } from './filters.ts'
import { page } from './list.ts'
import type { Params } from './params.ts'
import { exclusive, missingParameter, noSuch } from './refusal.ts'
import type { Shelf } from './shelf.ts'

/** What a retrieval has to know. */
export type Shown = Pick<Kind, 'name' | 'within' | 'rendered'>

/** A kind of object that the API shows, and what its list can be asked for. */
export interface Kind {
  /** What its `object` says. */
  readonly name: string
  /** Below `/v1/`. */
  readonly path: string
  /** Beside `limit`, `starting_after`, `ending_before` and `expand`. */
  readonly filters: Filters
  /** Without this parameter there is no list. */
  readonly needs?: string
  /** Of these two parameters a list takes one. */
  readonly either?: readonly [string, string]
  /** What a list shows, unless this parameter asks about the rest; without such a parameter nobody sees it. */
  readonly usually?: { readonly unless?: string; shown(object: Fields, place: Place): boolean }
  /** Where they are, newest first, when they are no objects of their own. */
  within?(shelf: Shelf): Fields[]
  /** How one is shown, where that is not how it is kept. */
  rendered?(object: Fields, place: Place): Fields
}

/** One page of a kind. */
export function listOf(kind: Kind, params: Params, place: Place): Fields {
  const { name, path, filters, needs, either: [one, other] = ['', ''], usually, within, rendered } = kind
  if (needs !== undefined && params[needs] === undefined) throw missingParameter(needs)
  if (params[one] !== undefined && params[other] !== undefined) throw exclusive(one, other)
  const usual = usually !== undefined && params[usually.unless ?? ''] === undefined
  const items = within ? within(place.shelf) : place.shelf.all(name)
  const shown = (object: Fields) => !usual || usually.shown(object, place)
  const found = page({ items, name, url: `/v1/${path}`, filters, shown }, params, place)
  return { ...found, data: found.data.map((object) => rendered?.(object, place) ?? object) }
}

/** One by its id. A deleted customer is told of as such; whatever else is deleted is gone. */
export function oneOf({ name, within, rendered }: Shown, id: string, place: Place): Fields {
  const { shelf } = place
  const found = within ? within(shelf).find((object) => object['id'] === id) : asJson(shelf.find(id) ?? {})
  const gone = found?.['deleted'] === true && name !== 'customer'
  if (!found || gone || found['object'] !== name) throw noSuch(SPOKEN[name] ?? name, id)
  return rendered ? rendered(found, place) : found
}

// Most kinds are called in errors as in `object`.
const SPOKEN: Readonly<Record<string, string>> = {
  'checkout.session': 'checkout session',
  payment_method: 'PaymentMethod',
  setup_intent: 'setupintent',
}

import type { Json } from '../../core/outcome.ts'
import { asJson } from '../objects/wire.ts'
import { type Fields, fieldsOf } from './fields.ts'
import { listOf, type Params } from './params.ts'
import { Refusal } from './refusal.ts'
import type { Shelf } from './shelf.ts'

const LEVELS_MAX = 4

/** The answer with ids replaced by objects at the paths that `expand[]` names. An id of which nothing is known stays one. */
export function expanded(answer: Fields, { expand }: Params, shelf: Shelf): Fields {
  if (expand === undefined) return answer
  return listOf(expand, 'expand').reduce((value, path) => {
    if (path.split('.').length > LEVELS_MAX) throw tooDeep(path)
    return opened(value, path.split('.'), { path, shelf }) as Fields
  }, answer)
}

interface Way {
  readonly path: string
  readonly shelf: Shelf
}

function opened(value: Json, [key = '', ...deeper]: string[], way: Way): Json {
  if (Array.isArray(value)) return value.map((one) => opened(one, [key, ...deeper], way))
  if (!fieldsOf(value)) return value
  const inner = value[key] ?? leftOut(value, key, way.shelf)
  if (inner === undefined) throw notThere(value, key, way.path)
  const object = Array.isArray(inner) ? inner.map((one) => looked(one, way)) : looked(inner, way)
  return { ...value, [key]: deeper.length > 0 ? opened(object, deeper, way) : object }
}

function looked(value: Json, { path, shelf }: Way): Json {
  if (typeof value === 'number' || typeof value === 'boolean') throw new Refusal(400, refused(path))
  const found = typeof value === 'string' ? shelf.find(value) : undefined
  return found ? asJson(found) : value
}

/** Lists that Stripe leaves out of an object until they are asked for: the kind that is in them, and its link back. */
const LEFT_OUT: Readonly<Record<string, Readonly<Record<string, readonly [kind: string, link: string]>>>> = {
  charge: { refunds: ['refund', 'charge'] },
  customer: { subscriptions: ['subscription', 'customer'] },
  invoice: { payments: ['invoice_payment', 'invoice'] },
}
const SHOWN_MAX = 10

function leftOut(owner: Fields, key: string, shelf: Shelf): Json | undefined {
  const [kind, link] = LEFT_OUT[String(owner['object'])]?.[key] ?? []
  if (kind === undefined || link === undefined) return owner[key]
  const ended = (object: Fields) => kind === 'subscription' && object['status'] === 'canceled'
  const all = shelf.all(kind).filter((object) => object[link] === owner['id'] && !ended(object))
  const url = `/v1/${kind}s?${link}=${String(owner['id'])}`
  return { object: 'list', data: all.slice(0, SHOWN_MAX), has_more: all.length > SHOWN_MAX, url }
}

function notThere(value: Fields, key: string, path: string): Refusal {
  const first = path.startsWith(key)
  const hint = first && value['object'] === 'list' ? ` You may want to try expanding 'data.${path}' instead.` : ''
  return new Refusal(400, refused(path) + hint)
}

const refused = (path: string): string => `This property cannot be expanded (${path}).`

const tooDeep = (path: string): Refusal =>
  new Refusal(400, `You cannot expand more than 4 levels of a property. Property: ${path}`, {
    code: 'property_expansion_max_depth',
  })

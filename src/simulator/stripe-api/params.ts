import { fieldsOf } from './fields.ts'
import { invalid } from './refusal.ts'

/** A parameter as it was sent: text, or more of them under names. The entries of a list have their places as names. */
export type Given = string | Params
export type Params = { readonly [name: string]: Given }

type Growing = { [name: string]: string | Growing }

/** Reads `created[gte]=1&types[]=a&types[]=b`, the form of Stripe's queries and bodies. */
export function parse(encoded: string): Params {
  const params = empty()
  for (const [name, value] of new URLSearchParams(encoded)) {
    const [first = '', ...rest] = name.split('[').map((part) => part.replace(/\]$/, ''))
    place(params, [first, ...rest], value)
  }
  return params
}

// Without a prototype, so that no name means anything else than itself.
const empty = (): Growing => Object.create(null)

function place(into: Growing, [name = '', ...deeper]: string[], value: string): void {
  const key = name === '' ? String(Object.keys(into).length) : name
  if (deeper.length === 0) {
    into[key] = value
    return
  }
  const found = into[key]
  const inner = typeof found === 'object' ? found : empty()
  into[key] = inner
  place(inner, deeper, value)
}

export const nested = (given: Given): given is Params => typeof given === 'object'

export function text(given: Given, param: string): string {
  if (nested(given)) throw invalid(`Invalid string: ${JSON.stringify(given)}`, param)
  return given
}

export function integer(given: Given, param: string): number {
  if (nested(given) || !/^-?\d{1,15}$/.test(given)) {
    throw invalid(`Invalid integer: ${String(nested(given) ? '{}' : given)}`, param, 'parameter_invalid_integer')
  }
  return Number(given)
}

export function flag(given: Given, param: string): boolean {
  if (given !== 'true' && given !== 'false') throw invalid(`Invalid boolean: ${nested(given) ? '{}' : given}`, param)
  return given === 'true'
}

export function listOf(given: Given, param: string): string[] {
  if (!nested(given)) throw invalid('Invalid array', param)
  return Object.values(given).map((value, index) => text(value, `${param}[${index}]`))
}

/** Names and values, as in `metadata`. */
export function pairs(given: Given, param: string): Record<string, string> {
  // An empty text unsets all.
  if (given === '') return {}
  if (!fieldsOf(given)) throw invalid('Invalid object', param)
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, text(value, `${param}[${name}]`)]))
}

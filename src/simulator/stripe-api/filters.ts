import type { Json } from '../../core/outcome.ts'
import { at, type Fields } from './fields.ts'
import { flag, type Given, integer, listOf, nested, text } from './params.ts'
import { invalid, noSuch, unknownParameter } from './refusal.ts'
import type { Shelf } from './shelf.ts'

/** Where a filter is used, for those that look beyond the object. */
export interface Place {
  readonly account: string
  readonly shelf: Shelf
  /** Whether a delivery of the event was answered with a 2xx. */
  delivered(eventId: string): boolean
}

/** What a parameter of a list asks of an object. Throws the refusal where it cannot be read. */
export type Filter = (given: Given, param: string, place: Place) => (object: Fields) => boolean
export type Filters = Readonly<Record<string, Filter>>

/** Filters of one sort, by the parameter's name, which is the field's as well. */
const each = (names: readonly string[], filter: (field: string) => Filter): Filters =>
  Object.fromEntries(names.map((name) => [name, filter(name)]))

export const equal = (...names: string[]): Filters =>
  each(names, (field) => (given, param) => {
    const wanted = text(given, param)
    return (object) => String(at(field, object)) === wanted
  })

export const flagged = (...names: string[]): Filters =>
  each(names, (field) => where((object) => at(field, object) === true))

/** By whether something is so. */
export const where =
  (holds: (object: Fields) => boolean): Filter =>
  (given, param) => {
    const wanted = flag(given, param)
    return (object) => holds(object) === wanted
  }

/** By fields of an object within the object: `recurring[interval]=month`. */
export const inside =
  (field: string, ...names: string[]): Filter =>
  (given, param) => {
    if (!nested(given)) throw invalid('Invalid object', param)
    const wanted = Object.entries(given).map(([name, value]) => {
      if (!names.includes(name)) throw unknownParameter(`${param}[${name}]`)
      return [`${field}.${name}`, text(value, `${param}[${name}]`)] as const
    })
    return (object) => wanted.every(([path, value]) => String(at(path, object)) === value)
  }

/** By the id of another object, which has to exist. */
export const linked = (...names: string[]): Filters => each(names, (field) => linkedAt(field))

/** The same, where the API's versions have the id at different places. */
export const linkedAt =
  (...paths: readonly [string, ...string[]]): Filter =>
  (given, param, { shelf }) => {
    const id = text(given, param)
    if (!shelf.find(id)) throw noSuch(param, id, param)
    return (object) => paths.some((path) => at(path, object) === id)
  }

export const oneOf =
  (field: string, ...allowed: string[]): Filter =>
  (given, param) => {
    const wanted = text(given, param)
    if (!allowed.includes(wanted)) throw invalid(`Invalid ${param}: must be one of ${spoken(allowed)}`, param)
    return (object) => object[field] === wanted
  }

const spoken = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`

/** By second: one, or between `gt` or `gte` and `lt` or `lte`. */
export const ranged = (...names: string[]): Filters => each(names, (field) => rangedBy((object) => at(field, object)))

export const rangedBy =
  (secondOf: (object: Fields) => Json | undefined): Filter =>
  (given, param) => {
    const inside = within(given, param)
    return (object) => {
      const second = secondOf(object)
      return typeof second === 'number' && inside(second)
    }
  }

const BOUNDS: Readonly<Record<string, (second: number, bound: number) => boolean>> = {
  gt: (second, bound) => second > bound,
  gte: (second, bound) => second >= bound,
  lt: (second, bound) => second < bound,
  lte: (second, bound) => second <= bound,
}

function within(given: Given, param: string): (second: number) => boolean {
  if (!nested(given)) {
    const wanted = integer(given, param)
    return (second) => second === wanted
  }
  const tests = Object.entries(given).map(([name, bound]) => {
    const test = BOUNDS[name]
    if (!test) throw unknownParameter(`${param}[${name}]`)
    const wanted = integer(bound, `${param}[${name}]`)
    return (second: number) => test(second, wanted)
  })
  return (second) => tests.every((test) => test(second))
}

export const among =
  (field: string): Filter =>
  (given, param) => {
    const wanted = new Set(listOf(given, param))
    return (object) => wanted.has(String(object[field]))
  }

import type { Json } from '../core/outcome.ts'
import { API_VERSION } from './event.ts'
import { asJson, type StripeObject } from './objects/wire.ts'

export type ApiShape = 'current' | 'pre-basil'

export type Fields = { readonly [key: string]: Json }

/** How an API version shows the merchant's objects, which live in the current version's shape. */
export interface Shape {
  /** As events name it in `api_version`. */
  readonly apiVersion: string
  /** Whether the version had events of this type. */
  knows(type: string): boolean
  /** The object as the version shows it now; what it names by id is in `objects`. */
  show(object: StripeObject, objects: ReadonlyMap<string, StripeObject>): Fields
}

export const current: Shape = { apiVersion: API_VERSION, knows: () => true, show: asJson }

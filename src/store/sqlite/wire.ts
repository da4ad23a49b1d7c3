import { type ErrorCode, HookkeeperError } from '../../core/errors.ts'
import type { Report } from './arrive.ts'
import type { Freight } from './freight.ts'

/** A call on its way to the writer. */
export interface Call {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: WireError
}

export type ToWriter =
  | { readonly kind: 'calls'; readonly freight: Freight }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'come' }
  | { readonly kind: 'resume'; readonly transacted: readonly unknown[] }
  | { readonly kind: 'backup'; readonly id: number; readonly path: string }
  | { readonly kind: 'close' }

export type FromWriter =
  | { readonly kind: 'ready'; readonly segment: number }
  | { readonly kind: 'refused'; readonly error: WireError }
  | { readonly kind: 'answers'; readonly freight: Freight; readonly report: Report | null }
  | { readonly kind: 'failing'; readonly error: WireError | null }
  | { readonly kind: 'progress'; readonly id: number; readonly share: number }
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly fields: object
      readonly message: string
    }
  | { readonly kind: 'closed' }

export interface WireError {
  readonly code: string | null
  readonly name: string
  readonly message: string
  readonly values: Readonly<Record<string, string | number>>
}

export function toWire(error: unknown): WireError {
  if (error instanceof HookkeeperError)
    return { code: error.code, name: error.name, message: error.message, values: error.values }
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return { code: null, name, message, values: {} }
}

export function fromWire({ code, name, message, values }: WireError): Error {
  if (code !== null) return new HookkeeperError(code as ErrorCode, values)
  const error = new Error(message)
  error.name = name
  return error
}

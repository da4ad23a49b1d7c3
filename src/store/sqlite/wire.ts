import { type ErrorCode, HookkeeperError } from '../../core/errors.ts'

/** What goes between the threads. Bodies travel in one buffer per message, moved and not copied. */
export interface Call {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
  /** Where the bodies of `args[0]` lie. */
  readonly packed?: Packed
}

export type ToWriter =
  | { readonly kind: 'calls'; readonly calls: readonly Call[] }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'resume'; readonly transacted: readonly unknown[] }
  | { readonly kind: 'backup'; readonly id: number; readonly path: string }
  | { readonly kind: 'close' }

export type FromWriter =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly error: WireError }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'progress'; readonly id: number; readonly share: number }
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly fields: object
      readonly message: string
    }
  | { readonly kind: 'closed' }

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: WireError
  readonly packed?: Packed
}

export interface Packed {
  readonly buffer: ArrayBuffer
  readonly ends: readonly number[]
}

export interface WireError {
  readonly code: string | null
  readonly name: string
  readonly message: string
  readonly values: Readonly<Record<string, string | number>>
}

/** One buffer with all bodies: a chunk from a socket is a slice of a slab, and cloning a slice would clone the slab. */
export function pack(bodies: readonly Uint8Array[]): Packed {
  const buffer = new ArrayBuffer(bodies.reduce((sum, body) => sum + body.byteLength, 0))
  const bytes = new Uint8Array(buffer)
  let end = 0
  const ends = bodies.map((body) => {
    bytes.set(body, end)
    return (end += body.byteLength)
  })
  return { buffer, ends }
}

/** The body with that number, as a view into the buffer. */
export function unpack({ buffer, ends }: Packed, i: number): Uint8Array {
  const start = i === 0 ? 0 : ends[i - 1]!
  return new Uint8Array(buffer, start, ends[i]! - start)
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

import { BrokerError, type BrokerErrorKind } from '../broker.ts'

/** What went wrong with Kafka, in our words. Codes are those of its protocol. */

/** Another try can do no better before somebody changes something. */
const REFUSED = [3, 17, 29, 30, 31, 34, 58, 87]
const TOO_LARGE = [10, 18]
const NOT_DURABLE = [19, 20]
const FORGOTTEN = [70, 71, 106]

export const isTooLarge = (code: number): boolean => TOO_LARGE.includes(code)

export function kindOf(code: number): BrokerErrorKind {
  if (isTooLarge(code)) return 'too-large'
  if (NOT_DURABLE.includes(code)) return 'not-durable'
  return REFUSED.includes(code) ? 'refused' : 'unreachable'
}

/** The broker forgot what it was asked for last: it is told again, and all is well. */
export const isForgotten = (error: unknown): boolean => codesOf(error).some((code) => FORGOTTEN.includes(code))

/** An error of the client's, whatever it holds within, as one of ours. Its message is Kafka's, which names no value of a message. */
export function troubleOf(place: string, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  const codes = codesOf(error)
  const kind = codes.map(kindOf).find((one) => one !== 'unreachable')
  if (isUnknownTopic(error, codes)) return new BrokerError('refused', `${place}: the topic is not there.`, error)
  const refused = named(error, 'PLT_KFK_AUTHENTICATION') ? 'refused' : undefined
  return new BrokerError(kind ?? refused ?? 'unreachable', `${place}: ${textOf(error)}`, error)
}

const isUnknownTopic = (error: unknown, codes: readonly number[]): boolean =>
  codes.includes(3) || every(error).some(({ message }) => message?.startsWith('Unknown topic '))

const named = (error: unknown, code: string): boolean => every(error).some((one) => one.code === code)

/** The codes of all errors in it that came from Kafka. */
const codesOf = (error: unknown): number[] =>
  every(error)
    .map(({ apiCode }) => apiCode)
    .filter((code) => code !== undefined)

/** The answers in it that Kafka gave in spite of an error: some of what was asked may have been done. */
export const answersIn = (error: unknown): unknown[] =>
  every(error)
    .map(({ response }) => response)
    .filter((response) => response !== undefined)

interface ClientError {
  readonly message?: string
  readonly code?: string
  readonly apiCode?: number
  readonly response?: unknown
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
}

/** The error and what it holds, the innermost last. */
function every(error: unknown, depth = 0): ClientError[] {
  if (typeof error !== 'object' || error === null || depth > DEPTH_MAX) return []
  const one: ClientError = error
  return [one, ...(one.errors ?? []).flatMap((inner) => every(inner, depth + 1)), ...every(one.cause, depth + 1)]
}

const DEPTH_MAX = 8

function textOf(error: unknown): string {
  const all = every(error)
  return all.at(-1)?.message || all[0]?.message || String(error)
}

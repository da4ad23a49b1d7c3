import type { Clock } from '../core/clock.ts'
import { type ErrorCode, failure } from '../core/errors.ts'
import { http } from '../core/http.ts'

/** What a request gets. Made once and sent many times: nothing in it may be changed. */
export interface Answer {
  readonly status: number
  /** Null for 200. */
  readonly code: ErrorCode | null
  readonly body: Buffer
  /** Name, value, name, value: the form that node:http writes without looking at it again. */
  readonly headers: readonly string[]
}

/** Recorded: now, or before. */
export const received: Answer = answer(200, null, { received: true })

export const healthy: Answer = answer(200, null, { ok: true })

/**
 * The answer for an error of the table, with its sentence and its remedy. `values` come from the configuration or a
 * closed list, never from the request.
 */
export function refusal(code: ErrorCode, values: Readonly<Record<string, string | number>> = {}): Answer {
  const key = `${code} ${Object.values(values).join(' ')}`
  const known = refusals.get(key)
  if (known) return known

  const { status, message, remedy } = failure(code, values)
  const extra = code === 'method_not_allowed' ? ['Allow', String(values['allowed'])] : []
  const made = answer(status ?? 500, code, { error: { code, message, remedy } }, extra)
  // Values are few by contract; the bound keeps a mistake from becoming a leak.
  if (refusals.size < REFUSALS_MAX) refusals.set(key, made)
  return made
}

const REFUSALS_MAX = 1_000
const refusals = new Map<string, Answer>()

/**
 * How long a client is asked to wait after a 503. Stripe keeps its own schedule; a proxy or a queue in front of us may
 * listen.
 */
export const RETRY_AFTER_S = 5

function answer(status: number, code: ErrorCode | null, value: object, extra: readonly string[] = []): Answer {
  const body = Buffer.from(JSON.stringify(value))
  const headers = ['Content-Type', 'application/json', 'Content-Length', String(body.length), ...extra]
  if (status === 503) headers.push('Retry-After', String(RETRY_AFTER_S))
  return { status, code, body, headers }
}

/** An answer's bytes, for a socket that `node:http` does not write to; `last`: the connection ends with it. */
export function onTheWire({ status, headers, body }: Answer, connection: readonly string[]): Buffer {
  const lines = [`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}`]
  const all = [...headers, ...connection]
  for (let i = 0; i < all.length; i += 2) lines.push(`${all[i]}: ${all[i + 1]}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body])
}

/** The same for connections that are kept. The form of an answer changes with the date only, so it is made once a second. */
export function wireForm(clock: Clock, keepAliveMs: number): (answer: Answer, last: boolean) => Buffer {
  const kept = ['Connection', 'keep-alive', 'Keep-Alive', `timeout=${Math.floor(keepAliveMs / 1_000)}`]
  let second = 0
  let date: readonly string[] = []
  let forms = new WeakMap<Answer, Buffer>()

  return (answer, last) => {
    const now = Math.floor(clock.now() / 1_000)
    if (now !== second) {
      second = now
      date = ['Date', new Date(now * 1_000).toUTCString()]
      forms = new WeakMap()
    }
    if (last) return onTheWire(answer, [...date, 'Connection', 'close'])
    const known = forms.get(answer)
    if (known) return known
    const form = onTheWire(answer, [...date, ...kept])
    forms.set(answer, form)
    return form
  }
}

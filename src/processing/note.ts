import { HookkeeperError } from '../core/errors.ts'
import { type ErrorNote, isDead, isLater } from '../core/outcome.ts'

/**
 * What is kept of an error. The text of a foreign error is not: it may quote the event ("no such customer: ..."), and so
 * may that of `Dead` and `Later`. Class, code and the place in the code are the author's own, and lead to the text.
 * The sentences of our own errors are kept; they are made from a fixed table.
 */
export function note(error: unknown, handler: string | null): ErrorNote {
  const own = ours(error)
  if (own) return { name: own.name, code: own.code, handler, message: own.message }
  if (!(error instanceof Error)) return { name: typeof error, code: null, handler, message: `threw a ${typeof error}` }
  const name = plain(error.name) ?? 'Error'
  const code = 'code' in error ? plain(error.code) : null
  return { name, code, handler, message: `${verb(error)} ${name}${code ? ` ${code}` : ''}${at(error)}` }
}

/** A `Dead` or `Later` that we throw ourselves carries its sentence as the cause. */
function ours(error: unknown): HookkeeperError | null {
  if (error instanceof HookkeeperError) return error
  const cause = isDead(error) || isLater(error) ? (error as Error).cause : null
  return cause instanceof HookkeeperError ? cause : null
}

function verb(error: Error): string {
  if (isDead(error)) return 'refused with'
  return isLater(error) ? 'put off with' : 'threw'
}

/** Names and codes are words. What is not one (a sentence, an address) may come from the event and is left out. */
function plain(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && /^[A-Za-z][\w.-]{0,63}$/.test(value) ? value : null
}

/** ` at billing.ts:41`, or nothing. Frames begin after the message, which may hold anything, lines that look like frames included. */
function at(error: Error): string {
  const stack = typeof error.stack === 'string' ? error.stack : ''
  const start = stack.indexOf(error.message)
  const frames = stack.slice(start + error.message.length)
  if (start < 0 || stack.slice(0, start).includes('\n') || !frames.startsWith('\n    at ')) return ''
  const frame = frames.split('\n').find((line) => !line.includes('node:') && /:\d+:\d+\)?$/.test(line))
  const place = frame?.match(/([\w.@+-]{1,100}:\d+):\d+\)?$/)
  return place ? ` at ${place[1]}` : ''
}

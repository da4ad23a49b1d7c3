/**
 * The event in Amazon EventBridge's envelope, as the bytes in which it stands there: a slice of `body`. Null: it is no envelope of
 * Stripe's. Amazon's own members stand around `detail`; the source of Stripe's partner events is `aws.partner/stripe.com/ed_...`.
 */
export function detailOf(body: Uint8Array): Uint8Array | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const source = sourceOf(bytes)
  if (source === null || !source.startsWith('aws.partner/stripe.com/')) return null
  const span = memberOf(bytes, 'detail')
  return span && bytes.subarray(span.from, span.to)
}

function sourceOf(bytes: Buffer): string | null {
  try {
    const parsed: unknown = JSON.parse(bytes.toString())
    if (typeof parsed !== 'object' || parsed === null || !('source' in parsed) || !('detail-type' in parsed))
      return null
    return typeof parsed.source === 'string' ? parsed.source : null
  } catch {
    return null
  }
}

/** Where the value of a member of the outermost object stands; of two with one name the last, as a parser takes it. Only for valid JSON. */
function memberOf(bytes: Buffer, name: string): { from: number; to: number } | null {
  let found: { from: number; to: number } | null = null
  let at = skipSpace(bytes, 0) + 1
  for (;;) {
    at = skipSpace(bytes, at)
    if (bytes[at] !== QUOTE) return found
    const keyEnd = endOfText(bytes, at)
    const key = bytes.toString('utf8', at + 1, keyEnd - 1)
    const from = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1)
    const to = endOfValue(bytes, from)
    if (key === name) found = { from, to }
    at = skipSpace(bytes, to)
    if (bytes[at] !== COMMA) return found
    at++
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  while (SPACE.has(bytes[at] as number)) at++
  return at
}

function endOfText(bytes: Buffer, from: number): number {
  let at = from + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}

function endOfValue(bytes: Buffer, from: number): number {
  let depth = 0
  for (let at = from; at < bytes.length; ) {
    const byte = bytes[at] as number
    if (depth === 0 && (byte === COMMA || CLOSING.has(byte) || SPACE.has(byte))) return at
    if (byte === QUOTE) at = endOfText(bytes, at)
    else {
      if (OPENING.has(byte)) depth++
      else if (CLOSING.has(byte)) depth--
      at++
    }
    if (depth === 0 && (byte === QUOTE || CLOSING.has(byte))) return at
  }
  return bytes.length
}

/** A delivery written the plain way, whole in one piece. */
export interface PlainRequest {
  /** As it stands in the request line, query included. */
  readonly target: string
  readonly signature: string
  /** X-Forwarded-For; several are joined as Node joins them. */
  readonly forwarded: string | undefined
  /** A view of the bytes that came, not a copy. */
  readonly body: Buffer
}

/**
 * Reads a POST that is written the way senders of webhooks write it, or gives null for whatever is not exactly that: another
 * method, a piece, two requests, two lengths, a chunked body, folded lines, odd bytes. Null is no judgement: `node:http` reads
 * it then. What is read here, `node:http` would read the same: a test holds both against each other.
 */
export function readPlain(bytes: Buffer): PlainRequest | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1 || end > HEAD_BYTES_MAX) return null
  const head = bytes.toString('latin1', 0, end + 2)
  START.lastIndex = 0
  const target = START.exec(head)?.[1]
  if (target === undefined) return null

  const fields = readFields(head, START.lastIndex)
  if (!fields?.host || fields.signature === undefined || fields.length === undefined) return null
  const body = bytes.subarray(end + 4)
  if (body.length === 0 || body.length !== fields.length) return null
  return { target, signature: fields.signature, forwarded: fields.forwarded, body }
}

// Heads of Stripe's are under 1 KB. Whatever bound node:http is given is above this.
const HEAD_BYTES_MAX = 4_096
// Nobody has signed a head. Where two loops in a row took the same character, a bad byte behind 4,000 of it would cost millions of steps.
const START = /^POST (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1\r\n/y
const FIELD = /([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e]*)\r\n/y
// Bytes of a body are its length, and nothing else is: seven digits are more than any bound on bodies.
const LENGTH = /^[1-9][0-9]{0,6}$/

interface Fields {
  host: boolean
  signature: string | undefined
  length: number | undefined
  forwarded: string | undefined
}

function readFields(head: string, from: number): Fields | null {
  const fields: Fields = { host: false, signature: undefined, length: undefined, forwarded: undefined }
  FIELD.lastIndex = from
  while (FIELD.lastIndex < head.length) {
    const field = FIELD.exec(head)
    if (!field || !take(fields, field[1]!.toLowerCase(), field[2]!.trim())) return null
  }
  return fields
}

/** False: with this field the request is not a plain one. */
function take(fields: Fields, name: string, value: string): boolean {
  switch (name) {
    case 'host':
      if (fields.host) return false
      fields.host = true
      return value !== ''
    case 'content-length':
      if (fields.length !== undefined || !LENGTH.test(value)) return false
      fields.length = Number(value)
      return true
    case 'stripe-signature':
      if (fields.signature !== undefined) return false
      fields.signature = value
      return value !== ''
    case 'x-forwarded-for':
      fields.forwarded = fields.forwarded === undefined ? value : `${fields.forwarded}, ${value}`
      return true
    case 'connection':
      return value.toLowerCase() === 'keep-alive'
    default:
      return !UNUSUAL.has(name)
  }
}

/** They change how a message is framed, or what the connection is for. */
const UNUSUAL = new Set(['transfer-encoding', 'expect', 'upgrade', 'te', 'trailer', 'keep-alive', 'proxy-connection'])

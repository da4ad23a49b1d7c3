/** What a body in Stripe's own layout says of itself. */
export interface LaidOut {
  readonly id: string
  readonly type: string
  /** In seconds. */
  readonly created: number
  readonly livemode: boolean
  readonly account: string | null
  readonly apiVersion: string | null
  readonly object: string
  readonly kind: string
  readonly customer: string
}

/**
 * Reads a body that is laid out exactly as Stripe lays out its events: its keys in that order, two spaces a level. Null for any
 * other, which is then parsed whole. A quarter of what a delivery costs is the parser, most of it for fields that nobody asks for.
 *
 * Sound for JSON because a text in it holds no line break: what stands behind a break and two spaces is a key of the event, and
 * behind six a key of its object. The signature was checked before, so nobody but Stripe chose the layout.
 */
export function readLayout(body: Buffer): LaidOut | null {
  const head = HEAD.exec(body.toString('latin1', 0, HEAD_BYTES))
  const tail = TAIL.exec(body.toString('latin1', Math.max(0, body.length - TAIL_BYTES)))
  if (!head || !tail) return null
  const [before, id, account, apiVersion, created, object, kind] = head as unknown as Captures
  const [, livemode, type] = tail as unknown as [string, string, string]

  // From the line break on that ends what was read.
  const customer = customerOf(body, before.length - 1, kind, object)
  if (customer === undefined) return null
  return {
    id: own(id),
    type: own(type),
    created: Number(created),
    livemode: livemode === 'true',
    account: account === undefined ? null : own(account),
    apiVersion: own(apiVersion),
    object: own(object),
    kind,
    customer: own(customer),
  }
}

type Captures = [
  before: string,
  id: string,
  account: string | undefined,
  apiVersion: string,
  created: string,
  object: string,
  kind: string,
]

// Both are short in what Stripe sends; where one is not, the body is parsed.
const HEAD_BYTES = 512
const TAIL_BYTES = 384
const WORD = '"([!#-\\[\\]-~]{1,255})"'
const TEXT = '"[^"\\\\\\x00-\\x1f]*"'
const HEAD = new RegExp(
  `^\\{\\n  "id": ${WORD},\\n  "object": "event",\\n(?:  "account": "(acct_[A-Za-z0-9_]{1,250})",\\n)?` +
    `  "api_version": ${WORD},\\n  "created": (0|[1-9][0-9]{0,11}),\\n  "data": \\{\\n    "object": \\{\\n` +
    `      "id": ${WORD},\\n      "object": ${WORD},\\n`,
)
const TAIL = new RegExp(
  `\\n    \\}\\n  \\},\\n  "livemode": (true|false),\\n  "pending_webhooks": (?:0|[1-9][0-9]*),\\n` +
    `  "request": (?:null|${TEXT}|\\{\\n    "id": (?:null|${TEXT}),\\n    "idempotency_key": (?:null|${TEXT})\\n  \\}),\\n` +
    `  "type": ${WORD}\\n\\}\\n?$`,
)

/** Undefined: not plain to see. Then the customer may be expanded, a `customer_account`, or one that the object just lost. */
function customerOf(body: Buffer, from: number, kind: string, object: string): string | undefined {
  if (kind === 'customer') return object
  const at = body.indexOf(CUSTOMER, from)
  if (at === -1 || body.toString('latin1', from, at).includes(OBJECT_END)) return undefined
  const value = VALUE.exec(body.toString('latin1', at + CUSTOMER.length, at + CUSTOMER.length + VALUE_BYTES))
  return value?.[1]
}

const CUSTOMER = '\n      "customer": '
const OBJECT_END = '\n    }'
const VALUE_BYTES = 260
const VALUE = new RegExp(`^${WORD},?\\n`)

/** A text of its own: a part of a longer one would keep that alive. */
const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

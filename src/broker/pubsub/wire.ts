import type { Lent, Message } from '../broker.ts'

/** A message as Pub/Sub carries it: bytes as they are, and texts beside them. */
export interface Wire {
  readonly data: Uint8Array
  readonly attributes: Record<string, string>
  readonly orderingKey: string
}

/** What this driver says beside a body, under names that nobody else uses. */
const ID = 'hk-id'
const KEY = 'hk-key'

export const wireOf = ({ id, key, body, attributes }: Message, ordered: boolean): Wire => ({
  data: body,
  attributes: { ...attributes, [ID]: id, [KEY]: key },
  orderingKey: ordered ? key : '',
})

/** Google counts the body and the texts; the rest of a message is small. */
export const bytesOf = ({ data, attributes, orderingKey }: Wire): number =>
  Object.entries(attributes).reduce(
    (bytes, [name, value]) => bytes + Buffer.byteLength(name) + Buffer.byteLength(value),
    data.length + Buffer.byteLength(orderingKey) + FRAME_BYTES,
  )
const FRAME_BYTES = 128

/** Whoever published without our texts is a stranger: only its bytes are known. */
export function messageOf(pulled: Pulled): Lent {
  const { data, attributes } = pulled.message ?? {}
  const body = data ? Buffer.from(data as Uint8Array) : Buffer.alloc(0)
  const deliveries = Math.max(pulled.deliveryAttempt ?? 1, 1)
  const { [ID]: id, [KEY]: key = '', ...others } = attributes ?? {}
  if (id === undefined) return { id: '', key: '', attributes: {}, body, deliveries }
  return { id, key, attributes: others, body, deliveries }
}

/** What is used of a message that was pulled. */
export interface Pulled {
  readonly ackId?: string | null
  readonly deliveryAttempt?: number | null
  readonly message?: {
    readonly data?: Uint8Array | string | null
    readonly attributes?: Record<string, string> | null
    /** Given by Google; the same in each delivery. */
    readonly messageId?: string | null
    readonly publishTime?: { readonly seconds?: unknown } | null
  } | null
}

export const publishedAt = ({ message }: Pulled): number => Number(message?.publishTime?.seconds ?? 0) * 1_000

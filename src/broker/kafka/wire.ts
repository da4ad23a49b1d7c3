import type { Message } from '../broker.ts'

/** A message as Kafka carries it, and back. Key is the lane, headers are the attributes and our mark, the event's id. */

const ID = 'hk-id'

export type Headers = Map<Buffer, Buffer>

export function headersOf({ id, attributes }: Message): Headers {
  const headers: Headers = new Map([[Buffer.from(ID), Buffer.from(id)]])
  for (const [name, value] of Object.entries(attributes)) headers.set(Buffer.from(name), Buffer.from(value))
  return headers
}

export interface Carried {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
}

/** What does not carry our mark is somebody else's: its bytes, and nothing else. */
export function messageOf({ key, value, headers }: Carried): Message {
  const body = value ?? Buffer.alloc(0)
  const said = new Map(headers.map(([name, text]) => [String(name ?? ''), String(text ?? '')]))
  const id = said.get(ID)
  if (id === undefined) return { id: '', key: '', attributes: {}, body }
  said.delete(ID)
  return { id, key: String(key ?? ''), attributes: Object.fromEntries(said), body }
}

export const keyOf = ({ key }: Message): Buffer | undefined => (key === '' ? undefined : Buffer.from(key))

export const bodyOf = ({ body }: Message): Buffer => Buffer.from(body.buffer, body.byteOffset, body.byteLength)

/**
 * No fewer than it takes in a record: lengths are numbers of variable size there, here they count as the longest. Kafka's limit is on a
 * batch of one partition, whose head is `BATCH_BYTES`.
 */
export function bytesOf(message: Message): number {
  let bytes = FIELD_BYTES * 8 + ID.length + Buffer.byteLength(message.id) + Buffer.byteLength(message.key)
  for (const [name, value] of Object.entries(message.attributes))
    bytes += FIELD_BYTES * 2 + Buffer.byteLength(name) + Buffer.byteLength(value)
  return bytes + message.body.byteLength
}

const FIELD_BYTES = 5
export const BATCH_BYTES = 61
/** What id, key and attributes may take beside the largest body that is promised. */
export const BESIDE_BYTES = 4_096

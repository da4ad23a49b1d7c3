import type { Message } from '../broker.ts'

/** An entry of a stream: its id, then names and values in turn. */
export type Entry = readonly [id: Buffer, fields: readonly Buffer[] | null]

export interface Read {
  readonly id: string
  readonly message: Message
  /** How often it was lent before it was appended anew. */
  readonly before: number
}

/**
 * Names and values of an entry. The first name is Hookkeeper's mark, its value how often the message was lent before: one that
 * was refused is appended anew and would else look new. One without id and key stays a foreign one under that mark.
 */
export function toFields({ id, key, attributes, body }: Message, before = 0): (string | Buffer)[] {
  const own = Object.entries(attributes).flatMap(([name, value]) => [`${ATTRIBUTE}${name}`, value])
  return [MARK, `${before}`, 'id', id, 'key', key, ...own, 'body', bufferOf(body)]
}

/** What has not our mark is somebody else's: its one value, or the one called `body`, as it is. */
export function fromEntry([id, fields]: Entry): Read {
  const values = fields ?? []
  const ours = values[0]?.toString() === MARK
  return { id: id.toString(), ...(ours ? own(values) : { message: foreign(values), before: 0 }) }
}

const MARK = 'hk'
const ATTRIBUTE = 'a:'

function own(fields: readonly Buffer[]): Omit<Read, 'id'> {
  const attributes: Record<string, string> = {}
  let [id, key, body] = ['', '', Buffer.alloc(0) as Buffer]
  for (let n = 2; n + 1 < fields.length; n += 2) {
    const name = (fields[n] as Buffer).toString()
    const value = fields[n + 1] as Buffer
    if (name === 'id') id = value.toString()
    else if (name === 'key') key = value.toString()
    else if (name === 'body') body = value
    else if (name.startsWith(ATTRIBUTE)) attributes[name.slice(ATTRIBUTE.length)] = value.toString()
  }
  return { message: { id, key, attributes, body }, before: Number(fields[1]) || 0 }
}

function foreign(fields: readonly Buffer[]): Message {
  const at = fields.findIndex((name, n) => n % 2 === 0 && name.toString() === 'body')
  const body = at >= 0 ? fields[at + 1] : fields.length === 2 ? fields[1] : Buffer.from(asJson(fields))
  return { id: '', key: '', attributes: {}, body: body ?? Buffer.alloc(0) }
}

/** Several values, none of them the body: all of them, so that nothing of it is lost. */
function asJson(fields: readonly Buffer[]): string {
  const pairs = fields.flatMap((name, n) => (n % 2 === 0 ? [[name.toString(), fields[n + 1]?.toString() ?? '']] : []))
  return JSON.stringify(Object.fromEntries(pairs))
}

const bufferOf = (body: Uint8Array): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)

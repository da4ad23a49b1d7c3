import { createHash } from 'node:crypto'
import type { Lent, Message } from '../broker.ts'

/** A message as SQS carries it: text, and one attribute of ours beside it with all that is no body. */
export interface Wire {
  readonly text: string
  readonly mark: string
  /** As SQS counts: the text, and name, type and value of the attribute. */
  readonly bytes: number
}

/** A record as a Lambda function is handed it; a message that was received has the same parts under other names. */
export interface SqsRecord {
  readonly messageId?: string
  readonly body: string
  readonly attributes?: { readonly ApproximateReceiveCount?: string; readonly SentTimestamp?: string }
  readonly messageAttributes?: Readonly<Record<string, { readonly stringValue?: string } | undefined>>
}

/** One attribute and not one for each: SQS takes ten of them, and refuses those whose value is empty. */
export const MARK = 'hk-message'
const TYPE = 'String'

export function wireOf({ id, key, attributes, body }: Message): Wire {
  const plain = plainText(body)
  // SQS refuses a text without characters; base64 passes a space by.
  const text = plain ?? (Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64') || ' ')
  const mark = ascii(JSON.stringify({ id, key, attributes, ...(plain === null && { base64: true }) }))
  return { text, mark, bytes: Buffer.byteLength(text) + MARK.length + TYPE.length + mark.length }
}

/** Whoever wrote a message without the mark is a stranger: only its bytes are known. */
export function messageOf(record: SqsRecord): Lent {
  const deliveries = Number(record.attributes?.ApproximateReceiveCount ?? 1)
  const mark = marked(record.messageAttributes?.[MARK]?.stringValue)
  if (!mark) return { id: '', key: '', attributes: {}, body: Buffer.from(record.body), deliveries }
  const { base64, id, key, attributes } = mark
  return { id, key, attributes, body: Buffer.from(record.body, base64 ? 'base64' : 'utf8'), deliveries }
}

/** What holds a message's order: its lane, or, where it has none, itself. */
export const groupOf = ({ id, key }: Message): string => token(key || id)

/**
 * What SQS drops repeats by, for five minutes. The same event is the same id in the same lane; an id alone may be two
 * accounts' at once.
 */
export const repeatOf = ({ id, key }: Message): string => token(`${id}:${key}`)

/** Groups and repeats are named by up to 128 characters without spaces; what is not is named by its hash. */
const token = (text: string): string =>
  /^[!-~]{1,128}$/.test(text) ? text : createHash('sha256').update(text).digest('base64url')

// What is outside of these is not refused but replaced, so a body would come back as another one. Amazon takes what lies
// beyond the first 65,536 as well; not all that speak its protocol do.
const PLAIN = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD]+$/
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function plainText(body: Uint8Array): string | null {
  try {
    const text = decoder.decode(body)
    return PLAIN.test(text) ? text : null
  } catch {
    return null
  }
}

const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

interface Marked extends Pick<Message, 'id' | 'key' | 'attributes'> {
  readonly base64?: true
}

function marked(text: string | undefined): Marked | null {
  try {
    const mark = JSON.parse(text ?? '') as Partial<Marked> | null
    if (typeof mark?.id !== 'string' || typeof mark.key !== 'string') return null
    return { ...mark, id: mark.id, key: mark.key, attributes: mark.attributes ?? {} }
  } catch {
    return null
  }
}

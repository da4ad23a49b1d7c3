import { createCipheriv, createDecipheriv, type KeyObject, randomBytes, randomFillSync } from 'node:crypto'

/**
 * A sealed body, form 1:
 *
 * | bytes  | what                                                   |
 * |--------|--------------------------------------------------------|
 * | 0      | the form: 1                                            |
 * | 1-8    | the id of the day's key                                |
 * | 9-20   | the nonce, at random                                   |
 * | 21-    | the body under AES-256-GCM, as long as it was          |
 * | last 16| the tag                                                |
 *
 * Authenticated beside it: the first nine bytes, then event id and lane, each after its length in bytes (4, big-endian). With
 * random nonces one key is good for 2^32 bodies (NIST SP 800-38D): 49,000 a second for its day.
 */
export const FORM = 1
const ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const LENGTH_BYTES = 4
const HEADER_BYTES = 1 + ID_BYTES
const BODY_AT = HEADER_BYTES + NONCE_BYTES
const ALGORITHM = 'aes-256-gcm'

/** By how much sealing makes a body longer. */
export const OVERHEAD_BYTES = BODY_AT + TAG_BYTES

/** The message that a body belongs to. */
export interface Bound {
  /** The event's id. */
  readonly id: string
  readonly lane: string
}

export interface BodyKey {
  /** 16 hex digits. */
  readonly id: string
  readonly key: KeyObject
}

export const newKeyId = (): string => randomBytes(ID_BYTES).toString('hex')

export function sealWith({ id, key }: BodyKey, body: Uint8Array, bound: Bound, nonce = newNonce()) {
  const sealed = new Uint8Array(body.byteLength + OVERHEAD_BYTES)
  sealed[0] = FORM
  sealed.set(Buffer.from(id, 'hex'), 1)
  sealed.set(nonce, HEADER_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  cipher.setAAD(authenticated(sealed.subarray(0, HEADER_BYTES), bound))
  sealed.set(cipher.update(body), BODY_AT)
  // In GCM nothing is left for the end but the tag.
  cipher.final()
  sealed.set(cipher.getAuthTag(), BODY_AT + body.byteLength)
  return sealed
}

/** Null: it was changed, or is not that message's, or not that key's. */
export function openWith({ key }: BodyKey, sealed: Uint8Array, bound: Bound): Uint8Array | null {
  const nonce = sealed.subarray(HEADER_BYTES, BODY_AT)
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(authenticated(sealed.subarray(0, HEADER_BYTES), bound))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const body = decipher.update(sealed.subarray(BODY_AT, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return null
  }
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
}

/** Null: these bytes are no sealed body of form 1. */
export function keyIdOf(sealed: Uint8Array): string | null {
  if (sealed.byteLength < OVERHEAD_BYTES || sealed[0] !== FORM) return null
  return Buffer.from(sealed.subarray(1, HEADER_BYTES)).toString('hex')
}

/** Random bytes for many nonces cost hardly more than for one. Each is given once. */
const nonces = Buffer.allocUnsafeSlow(256 * NONCE_BYTES)
let given = nonces.byteLength

function newNonce(): Uint8Array {
  if (given === nonces.byteLength) {
    randomFillSync(nonces)
    given = 0
  }
  return nonces.subarray(given, (given += NONCE_BYTES))
}

function authenticated(header: Uint8Array, { id, lane }: Bound): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 2 * LENGTH_BYTES + Buffer.byteLength(id) + Buffer.byteLength(lane))
  bytes.set(header)
  measured(lane, bytes, measured(id, bytes, HEADER_BYTES))
  return bytes
}

/** Writes a text after its length, and gives where it ends. */
function measured(text: string, into: Buffer, at: number): number {
  const length = into.write(text, at + LENGTH_BYTES)
  into.writeUInt32BE(length, at)
  return at + LENGTH_BYTES + length
}

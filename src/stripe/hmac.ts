import { hash } from 'node:crypto'

// SHA-256 works on blocks of 64 bytes, and the key of an HMAC fills one (RFC 2104).
const BLOCK_BYTES = 64
const DIGEST_BYTES = 32

/** A secret, ready to sign with: the blocks that the inner and the outer hash begin with. */
interface Key {
  readonly inner: Buffer
  readonly outer: Buffer
}

/**
 * HMAC-SHA-256 of `t.body` as hex: two plain hashes, which take a third less time than `createHmac` and leave no objects behind.
 * A webhook is signed over a few KB, so what is around the hashing counts.
 */
export function hmacHex(secret: string, t: string, body: Uint8Array): string {
  const { inner, outer } = keyOf(secret)
  const length = BLOCK_BYTES + t.length + 1 + body.length
  const message = room(length)
  message.set(inner)
  message.write(`${t}.`, BLOCK_BYTES, 'latin1')
  message.set(body, BLOCK_BYTES + t.length + 1)
  outer.write(hash('sha256', message.subarray(0, length), 'binary'), BLOCK_BYTES, DIGEST_BYTES, 'latin1')
  return hash('sha256', outer, 'hex')
}

// One message at a time is signed, so all are laid into the same bytes; a very long one gets its own.
const ROOM_BYTES = 65_536
const shared = Buffer.alloc(ROOM_BYTES)
const room = (length: number): Buffer => (length <= ROOM_BYTES ? shared : Buffer.allocUnsafe(length))

// Secrets are few; the bound only keeps a test or a simulation from growing it.
const KEYS_MAX = 1_024
const keys = new Map<string, Key>()

function keyOf(secret: string): Key {
  const known = keys.get(secret)
  if (known) return known
  if (keys.size >= KEYS_MAX) keys.clear()
  const block = Buffer.alloc(BLOCK_BYTES)
  const bytes = Buffer.from(secret)
  if (bytes.length <= BLOCK_BYTES) bytes.copy(block)
  else block.write(hash('sha256', bytes, 'binary'), 'latin1')
  const inner = block.map((byte) => byte ^ 0x36)
  const outer = Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(DIGEST_BYTES)])
  const key = { inner: Buffer.from(inner), outer }
  keys.set(secret, key)
  return key
}

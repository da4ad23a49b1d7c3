import { timingSafeEqual } from 'node:crypto'
import type { ErrorCode } from '../core/errors.ts'
import { hmacHex } from './hmac.ts'

/** A signing secret and the endpoint that it belongs to: `<account>` or `<account>/<name>`. */
export interface EndpointSecret {
  readonly endpoint: string
  /** The whole string, `whsec_` included: Stripe's HMAC key is the text, not what it may decode to. */
  readonly secret: string
}

export interface Delivery {
  /**
   * The bytes as they came. Decoding them first would change some (a byte order mark, invalid UTF-8) and is never
   * right.
   */
  readonly body: Uint8Array
  readonly header: string | undefined
  readonly secrets: readonly EndpointSecret[]
  readonly now: number
  /** How old a signature may be. 0 means 0: nothing switches this check off. */
  readonly toleranceMs?: number
  /** How far ahead a signature may be; Stripe's own SDK has no such bound. */
  readonly futureMs?: number
}

export type Verdict =
  | { readonly ok: true; readonly endpoint: string }
  | { readonly ok: false; readonly code: ErrorCode; readonly what?: string }

export const TOLERANCE_MS = 300_000
export const HEADER_CHARS_MAX = 8_192
/** Stripe sends one `v1` per active secret, so two while one is rolled. */
export const SIGNATURES_MAX = 16

/**
 * Did Stripe send these bytes, and to which endpoint? Never throws. Every `v1` is tried against every secret; other
 * schemes are ignored, so that nobody can talk us down to a weaker one. The time counts only once the signature is
 * right: until then `t` is anybody's.
 */
export function verifySignature(delivery: Delivery): Verdict {
  const { body, header, secrets, now, toleranceMs = TOLERANCE_MS, futureMs = TOLERANCE_MS } = delivery
  if (!header) return missing
  if (body.length === 0) return empty

  const read = readHeader(header)
  if (typeof read === 'string') return { ok: false, code: 'signature_malformed', what: read }

  const signer = secrets.find(({ secret }) => made(secret, read, body))
  if (!signer) return mismatch

  // Whole seconds on both sides: `t` has no more, so a fraction of ours must not make it look older.
  const ageMs = (Math.floor(now / 1_000) - Number(read.t)) * 1_000
  if (ageMs > toleranceMs) return old
  return -ageMs > futureMs ? ahead : { ok: true, endpoint: signer.endpoint }
}

const missing: Verdict = { ok: false, code: 'signature_missing' }
const empty: Verdict = { ok: false, code: 'body_empty' }
const mismatch: Verdict = { ok: false, code: 'signature_mismatch' }
const old: Verdict = { ok: false, code: 'timestamp_too_old' }
const ahead: Verdict = { ok: false, code: 'timestamp_in_future' }

/** What Stripe sends while no secret is being rolled. */
const USUAL = /^t=([1-9][0-9]{0,11}),v1=([0-9a-f]{64})$/

interface Signed {
  readonly t: string
  readonly v1: readonly Buffer[]
}

/**
 * What the header says, or what is wrong with it. Where Stripe's SDK differs: a bare or torn `v1` beside a good one is
 * passed over (there it throws an error of another class), and two `t` are refused (there the last one wins): Stripe
 * sends neither.
 */
function readHeader(header: string): Signed | string {
  const usual = USUAL.exec(header)
  if (usual) return { t: usual[1]!, v1: [Buffer.from(usual[2]!, 'latin1')] }
  if (header.length > HEADER_CHARS_MAX) return `it is longer than ${HEADER_CHARS_MAX} characters`
  let t: string | null = null
  let signatures = 0
  const v1: Buffer[] = []

  for (const part of header.split(',')) {
    if (part.startsWith('t=')) {
      if (t !== null) return 'it has two timestamps'
      t = part.slice(2)
    } else if (part.startsWith('v1=') || part === 'v1') {
      if (++signatures > SIGNATURES_MAX) return `it has more than ${SIGNATURES_MAX} signatures`
      // Upper case is refused: Stripe writes lower case, and one form of a signature is enough.
      if (/^v1=[0-9a-f]{64}$/.test(part)) v1.push(Buffer.from(part.slice(3), 'latin1'))
    }
  }

  if (t === null) return 'it has no timestamp'
  if (!/^[1-9][0-9]{0,11}$/.test(t)) return 'its timestamp is not a number of seconds'
  if (signatures === 0) return 'it has no v1 signature'
  return v1.length === 0 ? 'its v1 is not 64 lower-case hex digits' : { t, v1 }
}

function made(secret: string, { t, v1 }: Signed, body: Uint8Array): boolean {
  // Anybody can sign with an empty key.
  if (secret.trim() === '') return false
  const expected = Buffer.from(hmacHex(secret, t, body), 'latin1')
  return v1.some((signature) => timingSafeEqual(signature, expected))
}

export interface Signing {
  readonly body: Uint8Array
  /** One `v1` each, as Stripe does while a secret is being rolled. */
  readonly secrets: readonly string[]
  readonly at: number
  /** Adds a `v0` that signs nothing, as Stripe does in test mode. */
  readonly decoy?: boolean
}

/** The `Stripe-Signature` header that Stripe would send with these bytes at that instant. */
export function sign({ body, secrets, at, decoy = false }: Signing): string {
  const t = String(Math.floor(at / 1_000))
  const parts = [`t=${t}`, ...secrets.map((secret) => `v1=${hmacHex(secret, t, body)}`)]
  if (decoy) parts.push(`v0=${hmacHex('decoy', t, body)}`)
  return parts.join(',')
}

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { failure } from '../core/errors.ts'
import { type About, dateOf, type Master } from './master.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const ALGORITHM = 'aes-256-gcm'
/** `local1.<master's id>.<nonce, key under AES-256-GCM and tag, in base64url>`. */
const FORM = 'local1'

/** Master keys as they are written somewhere; the text is read anew each time, so that they can be changed while all goes on. */
export interface Written {
  readonly place: string
  /** What makes a master key there: shown where there is none, or none that can be read. */
  readonly remedy: string
  read(): Promise<string>
}

/**
 * Wraps with the first key that is written there and unwraps with any of them. A key is known by its fingerprint, so nobody has to
 * name one: to rotate, write the new key above the old ones.
 */
export const localMaster = (written: Written): Master => ({
  place: written.place,
  async wrap(key, about) {
    const [master] = await mastersIn(written)
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, master!.key, nonce).setAAD(authenticated(about))
    const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
    return [FORM, master!.id, sealed.toString('base64url')].join('.')
  },
  async unwrap(wrapped, about) {
    const [form, id = '', sealed = ''] = wrapped.split('.')
    const day = dateOf(about.day)
    if (form !== FORM) throw failure('vault_master_unknown', { day, id: form ?? '', place: written.place })
    const master = (await mastersIn(written)).find((one) => one.id === id)
    if (!master) throw failure('vault_master_unknown', { day, id, place: written.place })
    const key = opened(master.key, Buffer.from(sealed, 'base64url'), about)
    if (!key) throw failure('vault_key_damaged', { day, place: written.place })
    return key
  },
})

interface Keyed {
  readonly id: string
  readonly key: Buffer
}

async function mastersIn(written: Written): Promise<readonly [Keyed, ...Keyed[]]> {
  const lines = (await written.read()).split(/[\n,]/).map((line) => line.replace(/#.*/, '').trim())
  const [first, ...others] = lines.filter((line) => line !== '').map((line, n) => keyed(line, n, written))
  if (!first) throw failure('vault_master_unfit', { place: written.place, what: 'it is empty', remedy: written.remedy })
  return [first, ...others]
}

function keyed(line: string, n: number, { place, remedy }: Written): Keyed {
  const key = decoded(line)
  if (key?.byteLength === KEY_BYTES) return { id: fingerprint(key), key }
  const what = `key ${n + 1} there is not ${KEY_BYTES} bytes in base64 or hex${key ? ` but ${key.byteLength}` : ''}`
  throw failure('vault_master_unfit', { place, what, remedy })
}

function decoded(line: string): Buffer | null {
  if (/^([0-9a-f]{2})+$/i.test(line) && line.length === 2 * KEY_BYTES) return Buffer.from(line, 'hex')
  return /^[\w+/-]+={0,2}$/.test(line) ? Buffer.from(line, 'base64') : null
}

const fingerprint = (key: Buffer): string =>
  createHash('sha256').update('hookkeeper master key').update(key).digest('hex').slice(0, 12)

function opened(master: Buffer, sealed: Buffer, about: About): Uint8Array | null {
  try {
    const decipher = createDecipheriv(ALGORITHM, master, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAAD(authenticated(about)).setAuthTag(sealed.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    return null
  }
}

const authenticated = ({ id, day }: About): Buffer => Buffer.from(`hookkeeper edge key ${id} ${day}`)

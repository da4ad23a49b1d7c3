import { failure } from '../../core/errors.ts'
import { type About, dateOf, type Master } from '../master.ts'

/** `kms1.<CiphertextBlob in base64>`. */
const FORM = 'kms1'
const PACKAGE: string = '@aws-sdk/client-kms'
const ATTEMPTS = 3
const CONNECT_MS = 2_000
const REQUEST_MS = 5_000

/**
 * A master key that never leaves AWS KMS. `key` is the ARN of a key, or `alias/name`: an alias may be pointed at another key, which
 * then wraps what comes, while KMS knows by itself what it wrapped with the one before.
 */
export function masterInKms(key: string, load: () => Promise<unknown> = () => import(PACKAGE)): Master {
  const place = `kms:${key}`
  let loaded: Loaded | null = null
  const kms = async () => (loaded ??= await loadKms(key, load))
  return {
    place,
    async wrap(bytes, about) {
      const { client, EncryptCommand } = await kms()
      const input = { KeyId: key, Plaintext: bytes, EncryptionContext: contextOf(about) }
      const answer = await told('encrypt', key, client.send(new EncryptCommand(input)))
      return `${FORM}.${Buffer.from(answer.CiphertextBlob ?? []).toString('base64')}`
    },
    async unwrap(wrapped, about) {
      const [form, blob = ''] = wrapped.split('.')
      const day = dateOf(about.day)
      if (form !== FORM) throw failure('vault_master_unknown', { day, id: form ?? '', place })
      const { client, DecryptCommand } = await kms()
      const named = /(^|:)alias\//.test(key) ? {} : { KeyId: key }
      const input = { ...named, CiphertextBlob: Buffer.from(blob, 'base64'), EncryptionContext: contextOf(about) }
      const answer = await told('decrypt', key, client.send(new DecryptCommand(input)))
      return Uint8Array.from(answer.Plaintext ?? [])
    },
  }
}

/** Authenticated by KMS, and written to CloudTrail: it holds nothing secret. */
const contextOf = ({ id, day }: About) => ({ 'hookkeeper:edge-key': id, 'hookkeeper:day': dateOf(day) })

/** As much of the package as is used here. */
interface Package {
  readonly KMSClient: new (options: object) => Client
  readonly EncryptCommand: new (input: object) => object
  readonly DecryptCommand: new (input: object) => object
}

interface Client {
  send(command: object): Promise<{ readonly CiphertextBlob?: Uint8Array; readonly Plaintext?: Uint8Array }>
}

interface Loaded extends Package {
  readonly client: Client
}

async function loadKms(key: string, load: () => Promise<unknown>): Promise<Loaded> {
  const found = (await load().catch((error) => {
    throw failure('peer_missing', { feature: 'A vault in AWS KMS', name: PACKAGE }, { cause: error })
  })) as Package
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(key)?.[1]
  const client = new found.KMSClient({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
    ...(region && { region }),
  })
  const { KMSClient, EncryptCommand, DecryptCommand } = found
  return { client, KMSClient, EncryptCommand, DecryptCommand }
}

/** Only the error's name goes on: what AWS says beside it names the caller's identity. */
async function told<V>(what: string, key: string, answer: Promise<V>): Promise<V> {
  try {
    return await answer
  } catch (error) {
    const name = error instanceof Error ? error.name : 'an unknown error'
    throw failure('vault_kms_failed', { what, key, error: name }, { cause: error })
  }
}

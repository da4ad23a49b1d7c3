import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureVersion } from 'node:tls'
import { failure } from '../core/errors.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/**
 * Reads both files and tries whether they belong together. Stripe speaks TLS 1.2 and 1.3 only, so nothing older is
 * offered.
 */
export async function readTls({ certFile, keyFile }: TlsFiles) {
  const [cert, key] = await Promise.all([read('TLS_CERT_FILE', certFile), read('TLS_KEY_FILE', keyFile)])
  const options = { cert, key, minVersion: 'TLSv1.2' as SecureVersion }
  try {
    createSecureContext(options)
  } catch (cause) {
    throw failure(
      'config_invalid',
      { where: 'TLS_CERT_FILE and TLS_KEY_FILE', what: 'they do not belong together' },
      { cause },
    )
  }
  return options
}

async function read(where: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw failure('config_invalid', { where, what: `${file} cannot be read (${code})` }, { cause })
  }
}

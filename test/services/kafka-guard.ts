import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Who may come by the guarded listener, and the certificate that it shows, which nobody else has signed. */
export interface Guard {
  readonly user: string
  readonly password: string
  /** The file that a client has to trust. */
  readonly ca: string
}

/** The colon, the percent sign and the at sign are what a URL would stumble over. */
const PASSWORD = 's%3A:cr@t'

/** A certificate for loopback. Java's own packages bring openssl with them. */
export async function guardIn(dir: string): Promise<Guard> {
  const [ca, key] = [join(dir, 'ca.pem'), join(dir, 'key.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await run('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', ca])
  await writeFile(storeIn(dir), `${await readFile(key, 'utf8')}${await readFile(ca, 'utf8')}`)
  return { user: 'hooks', password: PASSWORD, ca }
}

/** For the tool that formats. */
export const scramOf = ({ user, password }: Guard): string => `SCRAM-SHA-512=[name=${user},password=${password}]`

/** What the listener GUARDED is set to. */
export const guarded = (dir: string) => ({
  'listener.name.guarded.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
  'listener.name.guarded.scram-sha-512.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'listener.name.guarded.ssl.keystore.type': 'PEM',
  'listener.name.guarded.ssl.keystore.location': storeIn(dir),
})

const storeIn = (dir: string) => join(dir, 'store.pem')

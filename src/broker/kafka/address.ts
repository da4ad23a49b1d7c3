import { failure } from '../../core/errors.ts'

/** What a `kafka://` URL says. */
export interface Address {
  /** `host:port` of each broker to ask first. */
  readonly servers: readonly string[]
  readonly topic: string
  readonly group: string
  /** `ca` is a file of certificates to trust beside the usual ones; null: the usual ones will do. */
  readonly tls: { readonly ca: string | null } | null
  readonly sasl: { readonly mechanism: Mechanism; readonly user: string; readonly password: string } | null
  /** How many partitions a missing topic is made with; null: it is not made. */
  readonly create: number | null
  /** For people: scheme and place, without credentials. */
  readonly shown: string
}

export type Mechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

const MECHANISMS: Readonly<Record<string, Mechanism>> = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
}

const PORT = 9092
const KNOWN = ['group', 'mechanism', 'create', 'ca']

/**
 * Reads `kafka://host:port,host:port/topic?group=...` and `kafka+ssl://user:password@host/topic?mechanism=scram-sha-512`.
 * Throws `kafka_url`, which says what cannot be read and never the URL itself: it may hold a password.
 */
export function readAddress(url: string): Address {
  // Several hosts are no URL to the standard's reader.
  const parts = /^kafka(\+ssl)?:\/\/(?:([^/?]*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url)
  if (!parts) throw refused('it does not begin with kafka:// or kafka+ssl://')
  const [, ssl, credentials, hosts = '', topic = '', query] = parts
  const settings = new URLSearchParams(query)
  for (const name of settings.keys()) if (!KNOWN.includes(name)) throw refused(`it has no setting ${name}`)
  if (!/^[\w.-]{1,249}$/.test(topic)) throw refused(topic ? `a topic cannot be named ${topic}` : 'it names no topic')
  if (settings.has('ca') && !ssl) throw refused('it has a ca but no kafka+ssl://')
  const servers = hosts.split(',').map(readServer)
  return {
    servers,
    topic,
    group: settings.get('group') || `hookkeeper-${topic}`,
    tls: ssl ? { ca: settings.get('ca') } : null,
    sasl: readSasl(credentials, { mechanism: settings.get('mechanism'), tls: ssl !== undefined }),
    create: readCreate(settings.get('create')),
    shown: `kafka${ssl ?? ''}://${servers.join(',')}/${topic}`,
  }
}

function readServer(text: string): string {
  const [, host, port = PORT] = /^([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i.exec(text) ?? []
  if (!host || Number(port) > 65_535) throw refused(text ? `${text} is no host with a port` : 'it names no host')
  return `${host}:${port}`
}

function readSasl(credentials: string | undefined, { mechanism, tls }: { mechanism: string | null; tls: boolean }) {
  if (!credentials) {
    if (mechanism !== null) throw refused('it has a mechanism but no user and password')
    return null
  }
  const [user = '', ...rest] = credentials.split(':')
  const chosen = MECHANISMS[mechanism ?? 'plain']
  if (!user || rest.length === 0) throw refused('it has a user without a password, or the other way round')
  if (!chosen) throw refused(`the mechanism ${mechanism} is not one of ${Object.keys(MECHANISMS).join(', ')}`)
  if (chosen === 'PLAIN' && !tls) throw refused('the password would go unencrypted (kafka+ssl:// encrypts it)')
  try {
    return { mechanism: chosen, user: decodeURIComponent(user), password: decodeURIComponent(rest.join(':')) }
  } catch {
    throw refused('user or password has a % that is no escape (write %25)')
  }
}

const PARTITIONS_MAX = 10_000

function readCreate(text: string | null): number | null {
  if (text === null) return null
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > PARTITIONS_MAX)
    throw refused(`create=${text} is no number of partitions`)
  return count
}

export const refused = (what: string) => failure('kafka_url', { what })

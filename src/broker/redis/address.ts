import { failure } from '../../core/errors.ts'

/** Where a stream is, as its URL says it. */
export interface Address {
  readonly kind: 'one' | 'sentinel' | 'cluster'
  /** Of the servers themselves, or of the sentinels that know which one is the master. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** What the sentinels call it. */
  readonly master: string | null
  readonly tls: boolean
  readonly username: string | null
  readonly password: string | null
  readonly sentinelPassword: string | null
  readonly db: number
  readonly stream: string
  readonly group: string
  readonly bodyBytesMax: number
  /** Without credentials: for logs, metrics and errors. */
  readonly place: string
}

/**
 * `redis://user:password@host:port/db`, `redis+sentinel://host:port,host:port/master`, `redis+cluster://host:port,host:port`,
 * each also as `rediss`. The query knows `stream`, `group`, `maxBytes`, and `db` and `sentinelPassword` for sentinels.
 * @throws {HookkeeperError} `redis_url`
 */
export function readAddress(url: string): Address {
  const [, scheme = '', variant = '', credentials, hosts = '', path = '', query = ''] = FORM.exec(url) ?? []
  if (scheme === '') throw refused('it begins with none of redis://, rediss://, redis+sentinel://, redis+cluster://')
  const kind = (variant.slice(1) || 'one') as Address['kind']
  const asked = askedIn(query, kind)
  const nodes = hosts.split(',').map((host) => nodeIn(host, kind === 'sentinel' ? 26_379 : 6_379))
  if (kind === 'one' && nodes.length > 1) throw refused('it names several hosts: a cluster is redis+cluster://')
  if (kind === 'sentinel' && path === '') throw refused("the name of the sentinels' master is missing behind the hosts")
  if (kind === 'cluster' && !/^0?$/.test(path)) throw refused('a cluster has no databases to choose from')
  const stream = asked.get('stream') ?? 'hookkeeper'
  const at = nodes.map(({ host, port }) => `${host}:${port}`).join(',')
  return {
    kind,
    nodes,
    master: kind === 'sentinel' ? decoded(path) : null,
    tls: scheme === 'rediss',
    ...loginIn(credentials),
    sentinelPassword: asked.get('sentinelPassword') ?? null,
    db: whole('the database', kind === 'one' ? path || '0' : (asked.get('db') ?? '0'), 65_535),
    stream,
    group: asked.get('group') ?? 'hookkeeper',
    bodyBytesMax: whole('maxBytes', asked.get('maxBytes') ?? `${BODY_BYTES_MAX}`, REDIS_BYTES_MAX),
    place: `${scheme}${variant}://${at}/${stream}`,
  }
}

const FORM = /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^@/?]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/

/** Ingestion takes bodies of 1 MiB unless it is told otherwise; what encryption adds to them fits as well. */
const BODY_BYTES_MAX = 8 * 2 ** 20

/** `proto-max-bulk-len`, unless somebody changed it. */
const REDIS_BYTES_MAX = 512 * 2 ** 20

const KEYS = {
  one: ['stream', 'group', 'maxBytes'],
  sentinel: ['stream', 'group', 'maxBytes', 'db', 'sentinelPassword'],
  cluster: ['stream', 'group', 'maxBytes'],
}

function askedIn(query: string, kind: Address['kind']): URLSearchParams {
  const asked = new URLSearchParams(query)
  for (const [key, value] of asked) {
    if (!KEYS[kind].includes(key)) throw refused(`it has no setting ${key}: there are ${KEYS[kind].join(', ')}`)
    if (value === '') throw refused(`${key} is empty`)
  }
  return asked
}

function nodeIn(text: string, otherwise: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::(\d+))?$/i.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw refused('one of its hosts is no host:port')
  return { host, port: whole('a port', port ?? `${otherwise}`, 65_535) }
}

/** `user:password`, `:password`, or a password alone, as Redis had it before it knew users. */
function loginIn(credentials: string | undefined): Pick<Address, 'username' | 'password'> {
  if (!credentials) return { username: null, password: null }
  const colon = credentials.indexOf(':')
  const [user, password] = colon < 0 ? ['', credentials] : [credentials.slice(0, colon), credentials.slice(colon + 1)]
  return { username: decoded(user) || null, password: decoded(password) || null }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refused('a percent sign in it is not followed by two hexadecimal digits')
  }
}

function whole(what: string, text: string, max: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= max) return number
  throw refused(`${what} is no whole number up to ${max}`)
}

// Never with the URL itself: a password may stand anywhere in one that could not be read.
const refused = (what: string) => failure('redis_url', { what })

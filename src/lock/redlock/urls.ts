import { failure } from '../../core/errors.ts'

/** One Redis that has a vote. */
export interface Place {
  readonly url: string
  /** Without credentials: for logs and errors. */
  readonly at: string
}

export interface Places {
  readonly nodes: readonly Place[]
  /** Locks live in it, on every node. */
  readonly db: number
}

/** @throws {HookkeeperError} `lock_urls` */
export function readPlaces(urls: readonly string[]): Places {
  if (urls.length === 0) throw refused('LOCK_URLS names no Redis')
  if (urls.length === 2)
    throw refused('LOCK_URLS names two Redis nodes; a quorum needs three or more, or one for a plain lock')
  const read = urls.map(readOne)
  const twice = read.find(({ at }, n) => read.findIndex((other) => other.at === at) !== n)
  if (twice) throw refused(`LOCK_URLS names ${twice.at} twice; each node of a quorum is a Redis of its own`)
  const dbs = new Set(read.map(({ db }) => db))
  if (dbs.size > 1) throw refused('LOCK_URLS names several databases; locks live in the same one on every node')
  return { nodes: read, db: read[0]?.db ?? 0 }
}

function readOne(text: string): Place & { db: number } {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw refused('LOCK_URLS has an entry that is no redis:// or rediss:// URL with a host')
  const path = url.pathname.replace('/', '')
  const db = Number(path || '0')
  if (!/^\d*$/.test(path) || db > DB_MAX)
    throw refused(`LOCK_URLS names the database ${path}; there are 0 to ${DB_MAX}`)
  return { url: text, at: `${url.hostname}:${url.port || '6379'}`, db }
}

/** What the package can choose. */
const DB_MAX = 15

const refused = (what: string) => failure('lock_urls', { what })

import type { LockFinding } from '../lock.ts'
import type { Node } from './node.ts'

/** What is set in the nodes that would give one lock to two. */
export async function findings(nodes: readonly Node[]): Promise<readonly LockFinding[]> {
  const seen = await Promise.all(nodes.map(look))
  return [...seen.flatMap(ofNode), ...sameServer(seen)]
}

interface Seen {
  readonly at: string
  /** Null: it did not answer. */
  readonly info: ReadonlyMap<string, string> | null
}

async function look({ at, client }: Node): Promise<Seen> {
  const text = await client.info().catch(() => null)
  const lines = text?.matchAll(/^(\w+):(.*?)\r?$/gm) ?? []
  return { at, info: text === null ? null : new Map([...lines].map(([, name, value]) => [name ?? '', value ?? ''])) }
}

function ofNode({ at, info }: Seen): LockFinding[] {
  if (info === null) return [finding('worth', `${at} does not answer`, 'Is it running, and is the address right?')]
  const found: LockFinding[] = []
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction')
    found.push(finding('wrong', `${at} throws locks away when its memory is full (${policy})`, EVICTION))
  if (info.get('role') === 'slave') found.push(finding('wrong', `${at} is a replica, which gives no locks`, MASTERS))
  if (info.get('aof_enabled') === '0')
    found.push(finding('worth', `${at} forgets its locks when it is started again`, PERSISTENCE))
  if (Number(info.get('connected_slaves') ?? 0) > 0)
    found.push(finding('worth', `${at} has a replica, which may not know a lock when it takes over`, ALONE))
  return found
}

/** Two names of one server are one vote that is counted twice. */
function sameServer(seen: readonly Seen[]): LockFinding[] {
  const ids = seen.map(({ info }) => info?.get('run_id'))
  return seen.flatMap(({ at }, n) => {
    const first = ids.indexOf(ids[n])
    if (ids[n] === undefined || first === n) return []
    return [finding('wrong', `${at} and ${seen[first]?.at} are one Redis, whose vote counts twice`, STRANGERS)]
  })
}

const EVICTION = 'Set maxmemory-policy noeviction.'
const MASTERS = 'Name its master in LOCK_URLS.'
const PERSISTENCE = 'Set appendonly yes and appendfsync always, or start it again only after the longest lease is over.'
const ALONE = 'Let each node stand by itself, without fail-over: that is what the others are for.'
const STRANGERS = 'Name Redis servers that do not depend on each other.'

const finding = (level: LockFinding['level'], what: string, remedy: string): LockFinding => ({
  level,
  what: `${what}.`,
  remedy,
})

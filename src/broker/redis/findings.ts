import type { Redis } from 'ioredis'
import type { Finding } from '../broker.ts'
import type { Address } from './address.ts'
import type { Client } from './link.ts'

/** What is set in Redis that would break the promises. In a cluster every master is asked, and one answer of a kind is kept. */
export async function findings(client: Client, { stream, group }: Address): Promise<readonly Finding[]> {
  const servers = 'nodes' in client ? client.nodes('master') : [client]
  const found = (await Promise.all(servers.map(ofServer))).flat()
  const once = new Map(found.map((finding) => [finding.what, finding]))
  return [...once.values(), ...(await ofStream(client, stream, group))]
}

async function ofServer(server: Redis): Promise<readonly Finding[]> {
  const [info, settings] = await Promise.all([infoOf(server), settingsOf(server)])
  return [...RULES.flatMap((rule) => rule({ info, settings }) ?? []), ...(settings === null ? [UNSEEN] : [])]
}

interface Seen {
  readonly info: ReadonlyMap<string, string>
  /** Null where this user may not ask for them. */
  readonly settings: ReadonlyMap<string, string> | null
}

const RULES: readonly ((seen: Seen) => Finding | null)[] = [
  ({ info }) => {
    const version = info.get('redis_version') ?? '0'
    return Number(version.split('.')[0]) >= 7
      ? null
      : wrong(`Redis ${version} is older than 7.0`, 'Take Redis 7.0 or later, or Valkey.')
  },
  ({ info }) =>
    info.get('aof_enabled') === '0'
      ? wrong(
          'Redis keeps no append-only file, so a crash loses what it has answered',
          'Set appendonly yes and appendfsync always.',
        )
      : null,
  ({ settings }) => {
    const fsync = settings?.get('appendfsync') ?? 'always'
    return fsync === 'always'
      ? null
      : wrong(`Redis answers before its disk has it (appendfsync ${fsync})`, 'Set appendfsync always.')
  },
  ({ settings }) =>
    settings?.get('no-appendfsync-on-rewrite') === 'yes'
      ? wrong(
          'Redis does not sync its append-only file while it rewrites it (no-appendfsync-on-rewrite yes)',
          'Set no-appendfsync-on-rewrite no.',
        )
      : null,
  ({ info }) =>
    info.get('aof_last_write_status') === 'err'
      ? wrong('Redis could not write its append-only file the last time', "Look at Redis' disk and its log.")
      : null,
  ({ info }) =>
    info.get('aof_last_bgrewrite_status') === 'err'
      ? worth('Redis could not rewrite its append-only file, which grows', "Look at Redis' disk and its log.")
      : null,
  ({ info, settings }) => {
    const policy = settings?.get('maxmemory-policy') ?? info.get('maxmemory_policy') ?? 'noeviction'
    return policy === 'noeviction'
      ? null
      : wrong(`Redis throws data away when its memory is full (${policy})`, 'Set maxmemory-policy noeviction.')
  },
  ({ info }) =>
    info.get('maxmemory') === '0'
      ? worth(
          'Redis has no bound for its memory, so a long backlog ends in the system killing it',
          'Set maxmemory below the memory of its machine: a full Redis refuses, and Stripe sends again.',
        )
      : null,
  ({ info }) => {
    const replicas = Number(info.get('connected_slaves') ?? 0)
    return replicas === 0
      ? null
      : worth(
          `Redis has ${replicas} replica${replicas === 1 ? '' : 's'}; a fail-over loses what they had not heard of`,
          'Nothing makes that certain: min-replicas-to-write and min-replicas-max-lag narrow it; the sweep finds the rest while Stripe lists it.',
        )
  },
]

const UNSEEN: Finding = {
  level: 'worth',
  what: 'This user may not read the settings of Redis, so appendfsync could not be looked at',
  remedy: 'Allow CONFIG GET to it, or see in the console of your provider that the append-only file is synced always.',
}

async function ofStream(client: Client, stream: string, group: string): Promise<readonly Finding[]> {
  const groups = (await client.call('XINFO', ['GROUPS', stream]).catch(() => [])) as string[][]
  const others = groups.map((fields) => fields[fields.indexOf('name') + 1]).filter((name) => name !== group)
  if (others.length === 0) return []
  return [
    wrong(
      `The stream ${stream} is read by other groups too (${others.join(', ')}), which miss what is acknowledged here`,
      'One group a stream: remove the others with XGROUP DESTROY, or name another stream.',
    ),
  ]
}

async function infoOf(server: Redis): Promise<ReadonlyMap<string, string>> {
  const text = await server.info()
  return new Map([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name as string, value as string]))
}

async function settingsOf(server: Redis): Promise<ReadonlyMap<string, string> | null> {
  const names = ['appendfsync', 'no-appendfsync-on-rewrite', 'maxmemory-policy']
  try {
    const pairs = (await Promise.all(names.map((name) => server.config('GET', name)))) as string[][]
    // A provider that hides CONFIG may answer with nothing instead of refusing.
    if (pairs.every((pair) => pair.length === 0)) return null
    return new Map(pairs.filter((pair) => pair.length > 0).map(([name, value]) => [name as string, value as string]))
  } catch {
    return null
  }
}

const wrong = (what: string, remedy: string): Finding => ({ level: 'wrong', what: `${what}.`, remedy })
const worth = (what: string, remedy: string): Finding => ({ level: 'worth', what: `${what}.`, remedy })

import type { z } from 'zod'
import { failure } from '../core/errors.ts'
import type { Tree } from './layers.ts'
import { nearest } from './nearest.ts'
import { type Settings, schema } from './schema.ts'
import { settings } from './settings.ts'

type PlaceOf = (path: readonly string[]) => string

/** The settings that a tree says; throws one sentence about the first thing that is wrong with it. */
export function parse(tree: Tree, placeOf: PlaceOf): Settings {
  const result = schema.safeParse(tree)
  if (!result.success) throw refusal(result.error.issues[0]!, tree, placeOf)
  for (const [wrong, path, what] of rules(result.data)) {
    if (wrong) throw failure('config_invalid', { where: placeOf(path), what })
  }
  return result.data
}

const EVENT_DAYS_MIN = 35

/** What no single setting can see. */
const rules = ({
  retention,
  tls,
  ingestion,
  console,
  forward,
  broker,
  roles,
}: Settings): [boolean, readonly string[], string][] => [
  [
    retention.eventDays < EVENT_DAYS_MIN,
    ['retention', 'eventDays'],
    `retention.eventDays is ${retention.eventDays}; Stripe lists events for 30 days and may send any of them again, so ids are kept for at least ${EVENT_DAYS_MIN}`,
  ],
  [
    retention.bodyDays > retention.eventDays,
    ['retention', 'bodyDays'],
    `retention.bodyDays is ${retention.bodyDays}, but the events themselves are kept for ${retention.eventDays} days only`,
  ],
  [
    (tls.certFile === null) !== (tls.keyFile === null),
    tls.certFile === null ? ['tls', 'keyFile'] : ['tls', 'certFile'],
    'tls.certFile and tls.keyFile belong together; set both, or neither',
  ],
  [
    ingestion.port === console.port && ingestion.port !== 0,
    ['ingestion', 'port'],
    `ingestion.port and console.port are both ${ingestion.port}; the private listener needs a port of its own`,
  ],
  [
    forward.to === null && forward.secondary !== null,
    ['forward', 'secondary'],
    'forward.secondary stands in for forward.to, which is not set',
  ],
  [
    broker.spool !== null && (broker.url === null || isSpool(broker.url)),
    ['broker', 'spool'],
    'broker.spool stands before another broker; set BROKER_URL to that one, or to spool: and the folder for a spool alone',
  ],
  [
    broker.url !== null && isSpool(broker.url) && roles.length < 2,
    ['broker', 'url'],
    'broker.url is a spool, which only its own process can read; give that process both roles, or choose a broker that is shared',
  ],
]

const isSpool = (url: string) => url.startsWith('spool:')

function refusal(issue: z.core.$ZodIssue, tree: Tree, placeOf: PlaceOf): Error {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') return unknown([...path, issue.keys[0] ?? ''], placeOf)
  const name = path.join('.')
  if (issue.code === 'invalid_key') {
    return failure('config_invalid', {
      where: placeOf(path),
      what: `${name} is no name for an account; letters, digits, - and _ are`,
    })
  }
  const expected = issue.code === 'invalid_type' ? `an ${issue.expected} of settings` : issue.message
  const secret = settings().some((setting) => setting.secret && name.startsWith(setting.name))
  const is = secret ? 'cannot be read' : `is ${JSON.stringify(valueAt(tree, path))}`
  return failure('config_invalid', { where: placeOf(path), what: `${name} ${is}; it takes ${expected}` })
}

function unknown(path: readonly string[], placeOf: PlaceOf): Error {
  const key = path.join('.')
  const meant = suggestion(path)
  const near = meant ? `Did you mean ${meant}?` : 'docs/config.md lists the settings.'
  return failure('config_unknown', { where: placeOf(path), key, suggestion: near })
}

/** A neighbour of nearly that name, else a setting elsewhere that ends in nearly that name. */
function suggestion(path: readonly string[]): string | null {
  const parent = path.slice(0, -1)
  const written = path.at(-1) ?? ''
  const prefix = parent.map((part) => `${part}.`).join('')
  const names = settings().map(({ name }) => name)
  const neighbours =
    parent[0] === 'accounts'
      ? ['secretKey', 'webhookSecrets']
      : names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length).split('.')[0] ?? '')
  const near = nearest(written, neighbours)
  if (near) return prefix + near
  const elsewhere = nearest(
    written,
    names.map((name) => name.split('.').at(-1) ?? ''),
  )
  return names.find((name) => name.split('.').at(-1) === elsewhere) ?? null
}

const valueAt = (tree: unknown, path: readonly string[]): unknown =>
  path.reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], tree)

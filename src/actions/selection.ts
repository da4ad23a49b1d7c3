import { z } from 'zod'
import { failure } from '../core/errors.ts'
import { STATES, type State } from '../core/outcome.ts'
import type { Entry, Ledger, Query } from '../store/store.ts'
import type { Preview } from './action.ts'
import { instant } from './duration.ts'

/** Ids that one call may name; each is looked up by itself. */
const IDS_MAX = 1000
/** Events that one call may move; the store moves no more at once. */
const ROWS_MAX = 100_000
/** A preview counts to here and then says `more`. */
export const PREVIEW_ROWS_MAX = 10_000
const SAMPLE_MAX = 10
const PAGE = 1000

const text = z.string().min(1).max(500)

/** The filters of a listing: the same words in the API, the CLI and every action that selects events. */
export const filters = z.strictObject({
  type: text.optional(),
  state: z.enum(STATES).optional(),
  reason: text.optional(),
  held: z.boolean().optional(),
  customer: text.optional(),
  object: text.optional(),
  lane: text.optional(),
  account: text.optional(),
  connected: text.optional(),
  livemode: z.boolean().optional(),
  endpoint: text.optional(),
  handledBy: text.optional(),
  superseded: z
    .boolean()
    .optional()
    .describe('Was a newer event of its object, that these filters leave out, worked since?'),
  since: instant.optional(),
  until: instant.optional(),
})

/** Which events: `ids`, or filters. `account`, `connected` and `livemode` also tell one id of several tenants apart. */
export const selection = filters.extend({
  connected: z.string().max(500).optional().describe('A Connect account; beside ids, empty means none'),
  ids: z.array(text).min(1).max(IDS_MAX).optional().describe('Ids of events; instead of filters'),
  limit: z.int().min(1).max(ROWS_MAX).default(1000).describe('How many events at most'),
})

export type Selected = z.output<typeof selection>

const TENANT = ['account', 'connected', 'livemode'] as const

/** Refuses a selection that names nothing, or that names ids and filters at once. */
export function checkSelection(selected: Selected): void {
  const narrowing = Object.keys(narrow(selected)).filter((name) => !(TENANT as readonly string[]).includes(name))
  if (selected.ids && narrowing.length > 0)
    throw failure('action_input', { what: `Name ids or filters, not both: ids and ${narrowing.join(', ')}` })
  if (!selected.ids && selected.connected === '')
    throw failure('action_input', { what: 'connected: An empty one tells ids apart, and is no filter' })
  if (!selected.ids && Object.keys(narrow({ ...selected, superseded: undefined })).length === 0)
    throw failure('action_input', { what: 'Say which events: ids, or at least one filter such as type or customer' })
}

/** The filters that were given, and nothing of what else an action takes. */
export function narrow(selected: object): Omit<Query, 'limit' | 'cursor'> {
  return Object.fromEntries(
    Object.entries(selected).filter(([name, value]) => name in filters.shape && value !== undefined),
  )
}

/** The events of these ids, each once. Rejects with `event_unknown` or `event_ambiguous`. */
export async function named(ledger: Ledger, ids: readonly string[], tenant: Tenancy): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const id of new Set(ids)) entries.push(await one(ledger, id, tenant))
  return entries
}

/** What tells the tenants of one id apart. An empty `connected` means: no Connect account. */
export type Tenancy = Pick<Query, (typeof TENANT)[number]>

export async function one(ledger: Ledger, id: string, { account, connected, livemode }: Tenancy): Promise<Entry> {
  const query = { id, ...narrow({ account, livemode, connected: connected || undefined }) }
  const found: Entry[] = []
  for await (const entry of every(ledger, query, IDS_MAX))
    if (connected !== '' || entry.tenant.connected === null) found.push(entry)
  const [entry] = found
  if (!entry) throw failure('event_unknown', { id })
  if (found.length > 1) throw failure('event_ambiguous', { id, tenants: found.map(tenantName).join('; ') })
  return entry
}

const tenantName = ({ tenant: { account, connected, livemode } }: Entry) =>
  `account=${account} connected=${connected ?? ''} livemode=${livemode}`

/** All that a query finds, newest first, up to `max`. */
export async function* every(ledger: Ledger, query: Omit<Query, 'limit' | 'cursor'>, max: number) {
  let left = max
  let cursor: string | null = null
  do {
    const page = await ledger.find({ ...query, limit: Math.min(PAGE, left), cursor })
    yield* page.data
    left -= page.data.length
    cursor = page.next
  } while (cursor !== null && left > 0)
}

/** Adds events up into a preview. `wanted` narrows what a query cannot say. */
export async function summed(
  events: AsyncIterable<Entry> | Iterable<Entry>,
  wanted: (entry: Entry) => boolean = () => true,
): Promise<Omit<Preview, 'what' | 'more' | 'controls' | 'repair'>> {
  const types: Record<string, number> = {}
  const customers = new Set<string>()
  const ids: string[] = []
  let [rows, skipped] = [0, 0]
  for await (const entry of events) {
    if (!wanted(entry)) {
      skipped++
      continue
    }
    rows++
    types[entry.type] = (types[entry.type] ?? 0) + 1
    if (entry.customer !== null) customers.add(`${tenantName(entry)} ${entry.customer}`)
    if (ids.length < SAMPLE_MAX) ids.push(entry.id)
  }
  return { rows, skipped, ids, types, customers: customers.size }
}

export const sampled = (entries: readonly Entry[]): string[] => entries.slice(0, SAMPLE_MAX).map(({ id }) => id)

export const inState = (states: readonly State[]) => (entry: Entry) => states.includes(entry.state)

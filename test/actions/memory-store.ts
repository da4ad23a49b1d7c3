import { createHash } from 'node:crypto'
import type { Clock } from '../../src/core/clock.ts'
import { matches, type Tenant } from '../../src/core/event.ts'
import type { State } from '../../src/core/outcome.ts'
import type {
  Backlog,
  Change,
  Chapter,
  Control,
  Entry,
  JournalEntry,
  Move,
  Note,
  Page,
  Query,
  Selection,
  Store,
  Stray,
} from '../../src/store/store.ts'

export interface Kept {
  entry: Entry
  timeline: Chapter[]
  body: Uint8Array | null
}

/** As much of a store as actions and the API read: events that tests put there by hand, moved as the contract says. */
export function memoryStore(clock: Clock) {
  const events: Kept[] = []
  const changes: Change[] = []
  const controls = new Map<string, Control>()
  const entries: JournalEntry[] = []
  const strays: Stray[] = []
  const pageMax = { value: Number.POSITIVE_INFINITY }

  const moved = (kept: Kept, to: Move, { by, why }: Note) => {
    const { entry } = kept
    if (entry.state === 'running') return false
    kept.entry = { ...entry, ...effects(to, entry, clock.now()) }
    kept.timeline.push({ kind: 'move', at: clock.now(), to: to.kind, by, why })
    changed(kept.entry, 'moved', to.kind)
    return true
  }

  const changed = ({ ref, id, type, tenant }: Entry, kind: Change['kind'], reason: string | null) =>
    changes.push({ ref, id, type, tenant, at: clock.now(), kind, reason })

  const selected = (selection: Selection): Kept[] =>
    'refs' in selection
      ? events.filter(({ entry }) => selection.refs.includes(entry.ref))
      : events.filter(({ entry }) => fits(entry, selection.query)).slice(0, selection.limit)

  const put = (
    id: string,
    given: Partial<Omit<Entry, 'tenant'>> & { tenant?: Partial<Tenant>; body?: unknown } = {},
  ) => {
    const { tenant, body, ...rest } = given
    const entry = { ...blank(id, events.length + 1, clock.now()), ...rest }
    const kept: Kept = {
      entry: { ...entry, tenant: { ...entry.tenant, ...tenant } },
      timeline: [],
      body: body === null ? null : Buffer.from(JSON.stringify(body ?? { id })),
    }
    events.unshift(kept)
    changed(kept.entry, 'admitted', null)
    return kept
  }

  const unused = async (): Promise<never> => {
    throw new Error('no test needs this')
  }

  const store: Store = {
    name: 'memory',
    ledger: {
      ...{
        admit: unused,
        keep: unused,
        restore: unused,
        lease: unused,
        settle: unused,
        giveBack: unused,
        renew: unused,
      },
      ...{ remember: unused, hold: unused },
      async find(query) {
        const found = events.filter(({ entry }) => fits(entry, query)).map(({ entry }) => entry)
        return paged(found, query.cursor ?? null, Math.min(query.limit, pageMax.value))
      },
      open: async (ref) => events.find(({ entry }) => entry.ref === ref) ?? null,
      strays: async (cursor, limit) => paged(strays, cursor, limit),
      async move(selection, to, note) {
        return selected(selection).filter((kept) => moved(kept, to, note)).length
      },
      async changes(cursor, max) {
        const from = cursor === 'now' ? changes.length : Number(cursor ?? 0)
        const data = changes.slice(from, from + max)
        return { data, next: String(from + data.length) }
      },
      async backlog(): Promise<Backlog> {
        const count = (state: State) => events.filter(({ entry }) => entry.state === state).length
        return {
          ...{ ready: count('waiting'), scheduled: 0, held: 0, running: count('running') },
          ...{ dead: count('dead'), readyOldestMs: 1500 },
        }
      },
    },
    controls: {
      async put({ ttlMs, ...control }) {
        const made = { ...control, at: clock.now(), expiresAt: clock.now() + ttlMs }
        controls.set(made.id, made)
        return made
      },
      live: async () => [...controls.values()].filter(({ expiresAt }) => expiresAt > clock.now()),
      lift: async (id) => controls.delete(id),
    },
    journal: {
      async write(entry) {
        const hash = createHash('sha256')
          .update(JSON.stringify([entries.at(-1)?.hash, entry]))
          .digest('hex')
        const made = { ...entry, n: entries.length + 1, at: clock.now(), hash }
        entries.push(made)
        return made
      },
      page: async (cursor, limit) => paged(entries.toReversed(), cursor, limit),
      verify: unused,
    },
    locks: { take: unused, release: unused },
    edgeKeys: { offer: unused, known: unused, destroy: unused },
    workers: { beat: unused, leave: unused },
    transact: null,
    settleIn: null,
    check: async () => [{ level: 'ok', what: 'memory', remedy: null }],
    async backup(path) {
      return path.length
    },
    async close() {},
  }
  return { store, put, events, entries, strays, pageMax }
}

function effects(to: Move, entry: Entry, now: number): Partial<Entry> {
  switch (to.kind) {
    case 'reopen':
      return { state: 'waiting', reason: null, attempts: 0, doneAt: null }
    case 'discard':
      return { state: 'done', reason: 'discarded', doneAt: now, held: null }
    case 'record':
      return { state: 'done', reason: 'recorded', doneAt: now, held: null }
    case 'quarantine':
      return { state: 'dead', reason: 'quarantined', held: null }
    case 'release':
      return { held: null }
    case 'hold':
      return { held: entry.held ?? 'held' }
  }
}

function fits({ tenant, ...entry }: Entry, query: Omit<Query, 'limit' | 'cursor'>): boolean {
  const { held, since, until, handledBy, reason, superseded: _superseded, ...exact } = query
  const { cursor: _cursor, limit: _limit, type, ...rest } = exact as Query
  const flat: Record<string, unknown> = { ...entry, ...tenant, connected: tenant.connected ?? '' }
  return (
    Object.entries(rest).every(([name, value]) => value === undefined || flat[name] === value) &&
    (type === undefined || matches(type, entry.type)) &&
    (held === undefined || held === (entry.held !== null)) &&
    (handledBy === undefined || handledBy === entry.release) &&
    (reason === undefined || [reason].flat().includes(entry.reason ?? '')) &&
    entry.receivedAt >= (since ?? 0) &&
    entry.receivedAt <= (until ?? Number.MAX_SAFE_INTEGER)
  )
}

function paged<V>(values: readonly V[], cursor: string | null, limit: number): Page<V> {
  const from = Number(cursor ?? 0)
  const data = values.slice(from, from + limit)
  return { data, next: from + data.length < values.length ? String(from + data.length) : null }
}

const blank = (id: string, ref: number, now: number): Entry => ({
  ref,
  id,
  type: 'invoice.paid',
  tenant: { account: 'default', connected: null, livemode: false },
  endpoint: 'default',
  via: 'webhook',
  lane: 'default//0/cus_1',
  object: 'in_1',
  customer: 'cus_1',
  apiVersion: null,
  state: 'dead',
  held: null,
  attempts: 3,
  createdAt: now - 1000,
  receivedAt: now,
  dueAt: null,
  doneAt: null,
  reason: null,
  twinOf: null,
  release: 'r1',
})

import type { Envelope, Event, Tenant, Via } from '../core/event.ts'
import type { DeadReason, DoneReason, ErrorNote, Json, Outcome, State } from '../core/outcome.ts'
import type { EdgeKeys } from './edge-keys.ts'
import type { Controls, Journal, Locks } from './records.ts'
import type { Restored } from './restore.ts'
import type { SettleIn, Transact } from './transaction.ts'
import type { Workers } from './workers.ts'

export type { EdgeKey, EdgeKeys } from './edge-keys.ts'
export type { Control, Controls, Journal, JournalEntry, Locks } from './records.ts'
export type { SettleIn, StatementTx, Transact } from './transaction.ts'

/** The ledger's own key of an event. Opaque to everybody else; two events never share one. */
export type Ref = number

/** One row per event, always in one state. Durations go in, instants come from the store's clock: machines never compare their own. */
export interface Ledger {
  /** Resolves when all would survive a crash. `repeat`: that id is known, nothing changed. `refused`: `created` is beyond 400 days; `keep` it as a stray. */
  admit(events: readonly Envelope[]): Promise<readonly Admitted[]>
  /** To admit ten costs little more than one, so that it pays to wait so long for others. Absent where it does not. */
  readonly gatherMs?: number
  /**
   * Takes events before it has looked at them: resolves when all would survive a crash, and tells later what each was. What is
   * `refused` it keeps as a stray by itself. Absent where `admit` is as fast.
   */
  accept?(events: readonly Envelope[]): Promise<Receipt>
  /** Keeps whole what is no event. */
  keep(strays: readonly { bytes: Uint8Array; source: string; why: string }[]): Promise<void>
  /** Heads of free lanes that this worker may work, most urgent first. Resolves as soon as there are some, else empty after `waitMs` or when `signal` aborts. */
  lease(want: Want, signal?: AbortSignal): Promise<readonly Work[]>
  /**
   * Ends attempts. `stale`: the lease is no longer that worker's, nothing changed. `already`: done in the handler's own transaction.
   * `open`: that transaction has not ended, nothing changed, and nobody waits for it: to be asked again.
   */
  settle(results: readonly Settlement[]): Promise<readonly (Settled | 'open')[]>
  /** The attempts are uncounted and the events ready again after `delayMs`, for which their lanes wait; a stale fence is harmless. */
  giveBack(work: readonly Leased[], delayMs: number): Promise<void>
  renew(work: readonly Leased[], leaseMs: number): Promise<readonly boolean[]>
  /** Keeps a value with the event until it is done; later attempts find it in `Work.remembered`. False: the lease is no longer ours. */
  remember(work: Leased, key: string, value: Json): Promise<boolean>
  /** Replaces what is held. Held events stay waiting, are never leased, and cost the lease nothing. */
  hold(holds: readonly Hold[]): Promise<void>
  find(query: Query): Promise<Page<Entry>>
  /** Everything about one event; null when there is none. */
  open(ref: Ref): Promise<Story | null>
  strays(cursor: string | null, limit: number): Promise<Page<Stray>>
  /** What operators do; running rows are never touched. Resolves to how many rows moved. */
  move(selection: Selection, to: Move, note: Note): Promise<number>
  /**
   * Says, once, that this ledger was put back from a back-up of that instant. All or nothing: what is open becomes held, leases are
   * lost, fences rise above any given since, and what is admitted later but was made before this is held. Nobody leases meanwhile.
   */
  restore(from: number, note: Note): Promise<Restored>
  /** What changed since the cursor (null: from the beginning, `now`: from here on), in an order into which no later commit can insert. */
  changes(cursor: string | null, max: number): Promise<Changes>
  /** O(1): never a scan of what waits. */
  backlog(): Promise<Backlog>
}

export interface Receipt {
  readonly admitted: Promise<readonly Admitted[]>
}

export type Admitted = 'new' | 'repeat' | 'refused'
export type Settled = 'settled' | 'already' | 'stale'

/** What a worker may work. An event is leased only when every handler that matches its type has room. */
export interface Want {
  readonly max: number
  readonly waitMs: number
  readonly worker: string
  /** The code that will run: kept with the attempt. */
  readonly release: string
  readonly handles: readonly Handles[]
  /** False: events whose type none of `handles` matches are left to others. Absent: they are leased too. */
  readonly unhandled?: boolean
}

export interface Handles {
  readonly pattern: string
  readonly name: string
  /** What this handler adds to the lease; the lease is the sum over an event's handlers + 10 s. */
  readonly leaseMs: number
  /** How many more events this handler may take just now, over all its patterns. */
  readonly room: number
  /** An unsettled event of this handler blocks its lane. */
  readonly strict: boolean
}

/** What proves a lease. */
export interface Leased {
  readonly ref: Ref
  readonly fence: number
  /** While it fails its lane waits: from a ledger that may have to be told so again when it ends. */
  readonly strict?: boolean
}

export interface Work extends Leased {
  readonly event: Event
  readonly lane: string
  /** 1 for the first. */
  readonly attempt: number
  /** Leases of this event in a row, just before this one, that ran out. */
  readonly lost: number
  readonly waitedMs: number
  /** Since when `Later` has been asked for, in milliseconds; null when it has not. */
  readonly laterMs: number | null
  /** The id of an earlier event for the same change, or null. */
  readonly twinOf: string | null
  /** A newer event of this object was already done, and is not reopened. */
  readonly stale: boolean
  readonly remembered: Readonly<Record<string, Json>>
}

export interface Settlement {
  readonly work: Leased
  readonly outcome: Outcome
  /** Names of the handlers that returned in this attempt: they do not run again. */
  readonly returned: readonly string[]
}

/** Events that are not to be leased for now. Empty parts do not narrow: a hold with only `types` holds these types everywhere. */
export interface Hold {
  /** Shown as `held`: `pause:<control>`. */
  readonly why: string
  readonly types?: readonly string[]
  readonly lanes?: readonly string[]
  readonly accounts?: readonly string[]
}

export interface Query {
  readonly id?: string
  readonly type?: string
  readonly state?: State
  /** One of them, where it is a list. */
  readonly reason?: string | readonly string[]
  readonly held?: boolean
  readonly customer?: string
  readonly object?: string
  readonly lane?: string
  readonly account?: string
  readonly connected?: string
  readonly livemode?: boolean
  readonly endpoint?: string
  /** The release that ran its last attempt. */
  readonly handledBy?: string
  /**
   * Would working it again take its object back in time? Asked among what the rest of the query selects: an event is superseded
   * when a newer one of its object (by `created`, rank of the type, arrival) was worked after it and is not selected itself, or
   * is superseded itself, or is running. Events without an object never are.
   */
  readonly superseded?: boolean
  /** Bounds of `receivedAt`, in milliseconds, both included. */
  readonly since?: number
  readonly until?: number
  readonly limit: number
  readonly cursor?: string | null
}

/** Newest first. A page may be short of `limit` and still have a `next`: a search stops at its time bound and goes on from there. */
export interface Page<V> {
  readonly data: readonly V[]
  readonly next: string | null
}

/** An event as people see it; the body apart. */
export interface Entry {
  readonly ref: Ref
  readonly id: string
  readonly type: string
  readonly tenant: Tenant
  readonly endpoint: string
  readonly via: Via
  readonly lane: string
  readonly object: string | null
  readonly customer: string | null
  readonly apiVersion: string | null
  readonly state: State
  readonly held: string | null
  readonly attempts: number
  readonly createdAt: number
  readonly receivedAt: number
  readonly dueAt: number | null
  readonly doneAt: number | null
  readonly reason: DoneReason | DeadReason | null
  readonly twinOf: string | null
  readonly release: string | null
}

export interface Story {
  readonly entry: Entry
  readonly timeline: readonly Chapter[]
  /** Null once past retention. */
  readonly body: Uint8Array | null
}

/** An attempt (from lease to settle) or a move (what somebody did, and why). */
export type Chapter =
  | {
      readonly kind: 'attempt'
      readonly attempt: number
      readonly fence: number
      readonly startedAt: number
      readonly endedAt: number | null
      readonly worker: string
      readonly release: string
      readonly outcome: 'running' | 'done' | 'retry' | 'wait' | 'dead' | 'lost' | 'given-back'
      readonly reason: string | null
      readonly dueAt: number | null
      readonly error: ErrorNote | null
    }
  | { readonly kind: 'move'; readonly at: number; readonly to: string; readonly by: string; readonly why: string }

export interface Stray {
  readonly id: number
  readonly at: number
  readonly source: string
  readonly why: string
  readonly bytes: Uint8Array
}

/**
 * A query, or rows by name. `limit` bounds how many move at once (at most 100,000). With `superseded: false` the events of one
 * object move at one instant or not at all, and are not counted in halves: a few more than `limit` may move.
 */
export type Selection =
  | { readonly refs: readonly Ref[] }
  | { readonly query: Omit<Query, 'limit' | 'cursor'>; readonly limit: number }

/**
 * `reopen` starts the attempts anew. `forget`: `nothing` for dead rows (handlers that returned stay done), `handlers` for
 * done rows (what `once` remembers is kept), `all` only when asked for.
 */
export type Move =
  | { readonly kind: 'reopen'; readonly forget: 'nothing' | 'handlers' | 'all' }
  | { readonly kind: 'discard' | 'quarantine' | 'record' | 'hold' | 'release' }

/** Who did it and why, for the timeline. */
export interface Note {
  readonly by: string
  readonly why: string
}

export interface Change {
  readonly ref: Ref
  readonly id: string
  readonly type: string
  readonly tenant: Tenant
  readonly at: number
  readonly kind: 'admitted' | 'leased' | 'done' | 'retry' | 'wait' | 'dead' | 'lost' | 'given-back' | 'moved'
  readonly reason: string | null
}

export interface Changes {
  readonly data: readonly Change[]
  readonly next: string
}

export interface Backlog {
  readonly ready: number
  readonly scheduled: number
  readonly held: number
  readonly running: number
  readonly dead: number
  /** For how long the oldest ready event has been ready; 0 when none is. */
  readonly readyOldestMs: number
}

/** Something an operator should know about the store: what, and what to do. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'refuse'
  readonly what: string
  readonly remedy: string | null
}

/**
 * Around what one process does for all of them: it runs `work`, or leaves it to another. The signal aborts when another may have
 * taken over. What is inside still takes the store's own lock.
 */
export type Lead = (name: string, work: (signal: AbortSignal) => Promise<void>) => Promise<void>

export interface Store {
  readonly name: string
  readonly ledger: Ledger
  readonly controls: Controls
  readonly journal: Journal
  readonly locks: Locks
  readonly edgeKeys: EdgeKeys
  readonly workers: Workers
  /** Runs `write` in one transaction with the memory of that handler (and, when `last`, with done): embedded stores only. */
  readonly transact: Transact | null
  /** The same in a transaction of the user's own, where business data lie in the ledger's database: Postgres only. */
  readonly settleIn: SettleIn | null
  check(): Promise<readonly Finding[]>
  /** A consistent copy while everything goes on. Resolves to the bytes written. */
  backup(path: string, progress?: (share: number) => void): Promise<number>
  close(): Promise<void>
}

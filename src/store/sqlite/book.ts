import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../core/clock.ts'
import type { Json } from '../../core/outcome.ts'
import { Holding } from '../holding.ts'
import type { Scheduler, Slot } from '../scheduler.ts'
import type { Ref } from '../store.ts'
import type { Row } from '../transitions.ts'
import type { Arrivals } from './arrivals/arrivals.ts'
import { Bodies } from './bodies.ts'
import { Names, Tenants } from './names.ts'
import { Objects } from './objects.ts'
import { Projection } from './projection.ts'
import { Recent } from './recent.ts'
import { Seen } from './seen.ts'
import { type Statements, statements } from './statements.ts'
import { Stretches } from './stretches.ts'

/** An event that changed since it was last written to `hookkeeper_events`: what is true of it now. */
export interface Touched {
  row: Row
  held: boolean
  strict: boolean
  endedAt: number | null
  reasonId: number | null
  release: number | null
  twin: string | null
  /** Its last line in the log. */
  last: number | null
  /** What handlers remembered. */
  memory: Record<string, Json>
}

/** A lease that somebody holds. */
export interface Running {
  readonly slot: Slot
  readonly worker: string
  readonly type: number
  readonly strict: boolean
  readonly laneKey: number
  readonly tenant: number
  readonly object: string | null
  readonly position: number
}

/**
 * The ledger in memory: what waits, what runs, and what changed since it was last written to the tables. One writer keeps it;
 * all that it says can be read back from the file.
 */
export interface Book {
  readonly db: DatabaseSync
  readonly sql: Statements
  readonly names: Names
  readonly tenants: Tenants
  readonly objects: Objects
  readonly seen: Seen
  readonly bodies: Bodies
  /** Where events arrive by themselves; null: each is brought by a call. */
  readonly arrivals: Arrivals | null
  readonly lanes: Scheduler
  readonly recent: Recent
  readonly projection: Projection
  readonly holding: Holding
  readonly stretches: Stretches
  readonly touched: Map<Ref, Touched>
  readonly running: Map<Ref, Running>
  /** Per worker that holds leases: how many, and whether one of them has it for itself. */
  readonly workers: Map<string, { running: number; alone: boolean }>
  /** Monotone: the wall clock may be set back, also between two starts; the ledger's time may not. */
  now(): number
  /** From here on `now` is at least that. */
  notBefore(at: number): void
  /** The numbers of the last event and of the log's last line, also when retention has deleted them: none is given twice. */
  seq: Ref
  lines: number
  epoch: number
  fences: number
  dead: number
  /** Events made before are held when they come; 0: this ledger never came out of a back-up. */
  restoredAt: number
  /** When the last event was received: none is received before it. */
  receivedAt: number
}

export function createBook(db: DatabaseSync, clock: Clock, lanes: Scheduler, arrivals?: Arrivals): Book {
  let latest = 0
  const sql = statements(db)
  const names = new Names(db)
  const tenants = new Tenants(db)
  const objects = new Objects(db)
  const seen = new Seen(db)
  return {
    db,
    sql,
    names,
    tenants,
    objects,
    seen,
    bodies: new Bodies(db, arrivals ?? null),
    arrivals: arrivals ?? null,
    lanes,
    recent: new Recent(),
    projection: new Projection(sql, { objects, seen }),
    holding: new Holding(names, tenants),
    stretches: new Stretches(db),
    touched: new Map(),
    running: new Map(),
    workers: new Map(),
    now: () => (latest = Math.max(latest, clock.now())),
    notBefore(at) {
      latest = Math.max(latest, at)
    },
    seq: 0,
    lines: 0,
    epoch: 0,
    fences: 0,
    dead: 0,
    restoredAt: 0,
    receivedAt: 0,
  }
}

/** Epochs are a billion fences apart: whatever an earlier process gave, this one's are higher. */
export const nextFence = (book: Book): number => book.epoch * 1e9 + ++book.fences

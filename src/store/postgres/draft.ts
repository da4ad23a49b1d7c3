import type { Json } from '../../core/outcome.ts'
import { KIND, type Kind } from '../codes.ts'
import type { Ref } from '../store.ts'
import { writeDone } from './done.ts'
import type { Sql } from './driver.ts'
import { writeLeases } from './leases.ts'
import { placeOf } from './refs.ts'
import { rewrite } from './rewrite.ts'
import type { Live } from './rows.ts'

/** A line of an event's history. */
export interface Line {
  readonly ref: Ref
  readonly kind: Kind
  readonly at: number
  readonly fence: number
  readonly attempt?: number
  readonly lost?: number
  readonly due?: number
  readonly later?: number
  readonly worker?: string
  readonly release?: string | null
  readonly reason?: string | null
  readonly data?: Json
}

/** What becomes of one event: it is written only if nobody has written since `rev`. */
export interface Change {
  readonly ref: Ref
  readonly rev: number
  /** Null: it leaves the queue. */
  readonly live: Live | null
  /** Its bucket's owner does not know of it yet. */
  readonly announce: boolean
  /** Only while its bucket is ours. */
  readonly lease: boolean
}

/** A bucket as its owner took it. */
export interface Holding {
  readonly bucket: number
  readonly epoch: number
}

/** A change, and the lines that it leaves. */
export interface Written {
  readonly change: Change
  readonly lines: readonly Line[]
}

/** Writes some of a draft in one statement; gives the events that were written. */
export type Write = (rows: Sql['rows'], of: readonly Written[], holdings: readonly Holding[]) => Promise<readonly Ref[]>

/** Changes and lines that are written together: each event's, or none of it. */
export class Draft {
  readonly #of = new Map<Ref, Written>()

  get empty(): boolean {
    return this.#of.size === 0
  }

  /** A later change of the same event goes over the one before: both are one write. Gives the `rev` after it. */
  put(change: Change, ...lines: Line[]): number {
    const before = this.#of.get(change.ref)
    const { rev } = before?.change ?? change
    const lease = change.lease || (before?.change.lease ?? false)
    this.#of.set(change.ref, { change: { ...change, rev, lease }, lines: [...(before?.lines ?? []), ...lines] })
    return rev + 1
  }

  get changes(): readonly Change[] {
    return [...this.#of.values()].map(({ change }) => change)
  }

  /**
   * Resolves to the events that were written; the others have changed meanwhile, or are no longer ours to lease. What happens most
   * has a statement each, which carries nothing else and so costs half: they go off at once, since no two are about one event. When
   * one fails nothing of the others is still under way.
   */
  async write(rows: Sql['rows'], holdings: readonly Holding[]): Promise<Set<Ref>> {
    const sorted = [...this.#of.values()].toSorted((one, other) => one.change.ref - other.change.ref)
    const kinds = Map.groupBy(sorted, kindOf)
    const writes = [...kinds].map(([kind, of]) => BY[kind](rows, of, needed(of, holdings)))
    await Promise.allSettled(writes)
    return new Set((await Promise.all(writes)).flat())
  }
}

const BY = { done: writeDone, lease: writeLeases, other: rewrite } satisfies Record<string, Write>

function kindOf({ change: { live, announce, lease }, lines: [line, more] }: Written): keyof typeof BY {
  if (announce || !line || more) return 'other'
  if (lease) return line.kind === KIND.lease ? 'lease' : 'other'
  return live === null && line.kind === KIND.done ? 'done' : 'other'
}

/** Each is locked for the write, so only those are named that a lease is about. */
function needed(of: readonly Written[], holdings: readonly Holding[]): readonly Holding[] {
  const leased = new Set(of.flatMap(({ change: { ref, lease } }) => (lease ? placeOf(ref).bucket : [])))
  return holdings.filter(({ bucket }) => leased.has(bucket))
}

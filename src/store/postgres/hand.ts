import type { Json } from '../../core/outcome.ts'
import type { Leased, Ref, Settlement } from '../store.ts'
import { type After, givenBack, remembered, renewed, settled } from './attempts.ts'
import type { Book, LaneKey } from './book.ts'
import type { Draft } from './draft.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { Known, Live } from './rows.ts'

/** What may be asked about leases. */
export type Command =
  | { kind: 'settle'; results: readonly Settlement[] }
  | { kind: 'giveBack'; work: readonly Leased[]; delayMs: number }
  | { kind: 'renew'; work: readonly Leased[]; leaseMs: number }
  | { kind: 'remember'; work: Leased; key: string; value: Json }
  | { kind: 'look' }

/** Whose leases it is about. */
export const worksOf = (command: Command): readonly Leased[] => {
  switch (command.kind) {
    case 'settle':
      return command.results.map(({ work }) => work)
    case 'giveBack':
    case 'renew':
      return command.work
    case 'remember':
      return [command.work]
    case 'look':
      return []
  }
}

export const refsOf = (command: Command): readonly Ref[] => worksOf(command).map(({ ref }) => ref)

/** Applies what was asked to memory, or to the row where memory does not have it, and drafts the write. */
export class Hand {
  readonly refs: Ref[] = []
  /** Lanes of attempts that ended. */
  readonly lanes: LaneKey[] = []
  readonly #book: Book
  readonly #draft: Draft
  readonly #elsewhere: Map<Ref, Known>
  readonly #open: ReadonlySet<Ref>
  readonly #now: number
  readonly #over: (lease: Leased) => void

  constructor(book: Book, draft: Draft, { known, open }: Elsewhere, now: number, over: (lease: Leased) => void) {
    this.#book = book
    this.#draft = draft
    this.#elsewhere = known
    this.#open = open
    this.#now = now
    this.#over = over
  }

  apply(command: Command): unknown {
    const now = this.#now
    switch (command.kind) {
      case 'settle':
        return command.results.map((result) => this.#settle(result))
      case 'giveBack':
        for (const work of command.work) this.#end(work, (live) => givenBack(live, work, command.delayMs, now))
        return undefined
      case 'renew':
        return command.work.map((work) => this.#go(work.ref, (live) => renewed(live, work, command.leaseMs, now)))
      case 'remember':
        return this.#go(command.work.ref, (live) => remembered(live, command.work, command, now))
      case 'look':
        return undefined
    }
  }

  #settle(result: Settlement) {
    if (this.#open.has(result.work.ref)) return 'open'
    this.#over(result.work)
    const found = this.#find(result.work.ref)
    if (!found) return 'stale'
    // What was read anew does not tell it: the lease's row has no room for what only its end needs.
    const strict = result.work.strict ?? this.#book.running.get(result.work.ref)?.strict ?? found.live.strict
    const { answer, after } = settled(found.live, result, strict, this.#now)
    if (after) this.#ended(result.work.ref, found.rev, after)
    return answer
  }

  #end(work: Leased, what: (live: Live) => After | null): void {
    // Its lease runs out, or its transaction makes it done.
    if (this.#open.has(work.ref)) return
    this.#over(work)
    const found = this.#find(work.ref)
    const after = found && what(found.live)
    if (after) this.#ended(work.ref, found.rev, after)
  }

  /** The lease goes on, changed. */
  #go(ref: Ref, what: (live: Live) => Live | null): boolean {
    const found = this.#find(ref)
    const live = found && what(found.live)
    if (!live) return false
    const rev = this.#put(ref, found.rev, live, [])
    if (this.#book.running.has(ref)) this.#book.changed(ref, live, rev)
    else this.#elsewhere.set(ref, { ...this.#elsewhere.get(ref)!, live })
    return true
  }

  #find(ref: Ref): { live: Live; rev: number } | null {
    const known = this.#book.running.get(ref) ?? this.#elsewhere.get(ref)
    return known ? { live: known.live, rev: known.rev ?? -1 } : null
  }

  #ended(ref: Ref, rev: number, after: After): void {
    const leaves = after.live.row.state === 'done'
    const next = this.#put(ref, rev, leaves ? null : after.live, after.lines)
    if (this.#book.running.has(ref))
      this.lanes.push(this.#book.end(ref, after.live, { ...after, rev: next }, this.#now))
    else this.#elsewhere.set(ref, { ...this.#elsewhere.get(ref)!, live: after.live })
  }

  #put(ref: Ref, rev: number, live: Live | null, lines: After['lines']): number {
    this.refs.push(ref)
    return this.#draft.put({ ref, rev, live, announce: !this.#book.running.has(ref), lease: false }, ...lines)
  }
}

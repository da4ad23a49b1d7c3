import type { ErrorCode } from '../../core/errors.ts'
import type { DeadReason, DoneReason } from '../../core/outcome.ts'
import type { Rehearsed } from '../../rehearsal/verdict.ts'
import type { Query, Ref } from '../../store/store.ts'
import type { Common } from '../context.ts'

/** What the process that rehearses is to do. */
export interface ToStage {
  /** Which configuration, as on the command line. */
  readonly options: Common
  readonly cwd: string
  /** The copy of the ledger, and the folder that holds nothing else. */
  readonly copy: string
  readonly folder: string
  readonly allow: readonly string[]
  readonly query: Pick<Query, 'type' | 'since'>
  readonly limit: number
  /** They have ended before. */
  readonly without: readonly Ref[]
  /** Only these, one after another; null: all. */
  readonly alone: readonly Ref[] | null
}

export type FromStage =
  | {
      readonly kind: 'ready'
      readonly release: string
      readonly handlers: readonly string[]
      readonly more: boolean
      readonly gone: number
    }
  | ({ readonly kind: 'begun' } & Named)
  | { readonly kind: 'met'; readonly ref: Ref; readonly what: string }
  | ({ readonly kind: 'ended' } & Named & Rehearsed)
  | { readonly kind: 'over' }
  | {
      readonly kind: 'refused'
      readonly error: { readonly code: ErrorCode; readonly values: Readonly<Record<string, string | number>> }
    }

/** An event, and how it ended when it was recorded. */
export interface Named {
  readonly ref: Ref
  readonly id: string
  readonly type: string
  readonly reason: DoneReason | DeadReason
}

import type { Row } from '../../../src/store/transitions.ts'

/** What a worker believes to hold; the ledger may know better. */
export interface Belief {
  readonly event: number
  readonly fence: number
}

/** Time stands at `NOW` and what is dated moves towards it instead, so that there are finitely many states. */
export interface State {
  readonly rows: readonly (Row | null)[]
  readonly beliefs: readonly (Belief | null)[]
  /** How often each event was settled as worked since it was last opened. */
  readonly worked: readonly number[]
}

export const NOW = 100
/** The first two events share a lane. */
export const LANE = [0, 0, 1]

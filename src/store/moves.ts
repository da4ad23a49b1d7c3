import type { Json } from '../core/outcome.ts'
import type { Move } from './store.ts'
import * as transitions from './transitions.ts'

/** What an operator's move makes of an event. */
export interface After {
  readonly row: transitions.Row
  readonly held: boolean
}

/** Null: it is not moved. */
export function afterMove(from: After, to: Move, now: number): After | null {
  const { row, held } = from
  if (to.kind === 'reopen') return also(transitions.reopen(row, now), false)
  if (to.kind === 'discard') return also(transitions.close(row, 'discarded'), false)
  if (to.kind === 'record') return also(transitions.close(row, 'recorded'), false)
  if (to.kind === 'quarantine') return row.state === 'dead' ? null : also(transitions.close(row, 'quarantined'), false)
  if (row.state !== 'waiting' || held === (to.kind === 'hold')) return null
  return { row, held: to.kind === 'hold' }
}

const also = (row: transitions.Row | null, held: boolean): After | null => row && { row, held }

/** What is left of the memory once an event is reopened. */
export function forget(memory: Record<string, Json>, what: string): Record<string, Json> {
  if (what === 'nothing') return memory
  if (what === 'all') return {}
  return Object.fromEntries(Object.entries(memory).filter(([key]) => !key.startsWith('handler:')))
}

import type { Json, Outcome } from '../../core/outcome.ts'
import { KIND, kindOf } from '../codes.ts'
import type { Leased, Settled, Settlement } from '../store.ts'
import * as transitions from '../transitions.ts'
import type { Line } from './draft.ts'
import { type Live, returnedAs } from './rows.ts'

/** What becomes of an event when its attempt ends or goes on: values in, values out. */
export interface After {
  readonly live: Live
  readonly lines: readonly Line[]
  /** Its lane waits until it is due. */
  readonly blocks: boolean
  readonly alone: boolean
}

export function settled(before: Live, { work, outcome, returned }: Settlement, strict: boolean, now: number) {
  const { row, settled } = transitions.settle(before.row, { fence: work.fence, now, outcome })
  if (settled !== 'settled') return { answer: settled satisfies Settled, after: null }
  const blocks = strict && row.state !== 'done'
  const twin = row.reason === 'twin' ? before.twin : null
  const memory = outcome.kind === 'done' ? before.memory : { ...before.memory, ...returnedAs(returned) }
  const closed = row.state === 'done' || row.state === 'dead'
  const live = { ...ended(before, row), strict: blocks, memory, twin, endedAt: closed ? now : null }
  const line = lineOf(work, live, now, {
    kind: kindOf(outcome),
    reason: outcome.reason,
    data: dataOf(outcome, row.state === 'done' ? live : null),
  })
  return { answer: settled, after: { live, lines: [line], blocks, alone: false } }
}

export function givenBack(before: Live, work: Leased, delayMs: number, now: number): After | null {
  const row = transitions.giveBack(before.row, { fence: work.fence, now, delayMs })
  if (!row) return null
  const blocks = delayMs > 0
  const live = { ...ended(before, row), strict: blocks }
  return { live, lines: [lineOf(work, live, now, { kind: KIND.back })], blocks, alone: row.lost > 0 }
}

/** A lease that ran out, or (`at once`) whose process has ended. */
export function lost(before: Live, ref: number, now: number, atOnce: boolean): After | null {
  const row = atOnce ? transitions.lose(before.row, now) : transitions.expire(before.row, now)
  if (!row) return null
  const live = ended(before, row)
  const line = lineOf({ ref, fence: row.fence }, live, now, { kind: KIND.lost, lost: row.lost })
  return { live, lines: [line], blocks: false, alone: true }
}

export function renewed(before: Live, work: Leased, leaseMs: number, now: number): Live | null {
  const row = transitions.renew(before.row, { fence: work.fence, now, leaseMs })
  return row && { ...before, row }
}

export function remembered(before: Live, work: Leased, entry: { key: string; value: Json }, now: number): Live | null {
  if (!transitions.owns(before.row, work.fence, now)) return null
  return { ...before, memory: { ...before.memory, [entry.key]: entry.value } }
}

const ended = (before: Live, row: transitions.Row): Live => ({
  ...before,
  row,
  strict: false,
  twin: null,
  ...{ holder: null, worker: null, leasedAt: null, endedAt: null },
})

function lineOf(work: Leased, { row, release }: Live, at: number, more: Partial<Line> & Pick<Line, 'kind'>): Line {
  return {
    ...{ ref: work.ref, at, fence: work.fence, attempt: row.attempts, release },
    ...(row.state === 'waiting' && { due: row.dueAt }),
    ...more,
  }
}

/** The last line of an event keeps what a person who reopens it wants back. */
function dataOf(outcome: Outcome, closing: Live | null): Json | undefined {
  const error = 'error' in outcome ? outcome.error : null
  const data = { ...(error && { error: { ...error } }), ...(closing && closingOf(closing)) }
  return Object.keys(data).length > 0 ? (data as Json) : undefined
}

export const closingOf = ({ memory, twin, row }: Live): { [key: string]: Json } => ({
  ...(Object.keys(memory).length > 0 && { memory }),
  ...(twin && { twin }),
  ...(row.laterAt > 0 && { later: row.laterAt }),
})

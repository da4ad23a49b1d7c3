import type { ErrorNote } from '../../core/outcome.ts'
import { judge, type Verdict } from '../../rehearsal/verdict.ts'
import type { Played } from './play.ts'

export type Counts = Readonly<Record<Verdict, number>>

/** What differs, added up: nothing in it is a value from an event's body. */
export interface Account {
  readonly release: string
  readonly events: number
  readonly counts: Counts
  readonly types: Readonly<Record<string, Counts>>
  /** The regressions, those that look alike together, most first. */
  readonly regressions: readonly Alike[]
  /** What events met that a rehearsal does not do, most first. */
  readonly unknown: Readonly<Record<string, number>>
  readonly more: boolean
  readonly gone: number
  readonly crashes: number
  readonly interrupted: boolean
}

export interface Alike {
  readonly type: string
  readonly outcome: string
  readonly error: ErrorNote | null
  readonly count: number
  /** One of them. */
  readonly id: string
}

export function accountOf({ events, handlers: _, ...rest }: Played): Account {
  const counts = none()
  const types: Record<string, Record<Verdict, number>> = {}
  const regressions = new Map<string, Alike>()
  const unknown = new Map<string, number>()
  for (const { id, type, reason, outcome, error, met } of events) {
    const verdict = judge(reason, outcome, met)
    counts[verdict]++
    types[type] ??= none()
    types[type][verdict]++
    if (verdict === 'unknown')
      add(unknown, met ?? (outcome === 'put-off' ? 'put off by `Later`' : 'not handled any more'))
    if (verdict !== 'regression') continue
    const key = JSON.stringify([type, outcome, error])
    const known = regressions.get(key)
    regressions.set(key, { type, outcome, error, id: known?.id ?? id, count: (known?.count ?? 0) + 1 })
  }
  return {
    ...rest,
    ...{ events: events.length, counts, types: Object.fromEntries(Object.entries(types).sort(byName)) },
    regressions: [...regressions.values()].sort((a, b) => b.count - a.count),
    unknown: Object.fromEntries([...unknown].sort(([, a], [, b]) => b - a)),
  }
}

const none = (): Record<Verdict, number> => ({ same: 0, regression: 0, mend: 0, unknown: 0 })
const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
const add = (counts: Map<string, number>, what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)

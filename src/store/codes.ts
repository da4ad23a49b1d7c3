import type { Via } from '../core/event.ts'
import { type Outcome, STATES, type State } from '../core/outcome.ts'

/** How closed lists are written in the tables. Never reorder: files out there hold these numbers. */
export const KIND = { lease: 1, done: 2, retry: 3, wait: 4, dead: 5, lost: 6, back: 7, memory: 8, move: 9 } as const
export type Kind = (typeof KIND)[keyof typeof KIND]

/** How an attempt ended, by the line that ended it. */
export const ENDINGS: Readonly<Record<number, 'done' | 'retry' | 'wait' | 'dead' | 'lost' | 'given-back'>> = {
  [KIND.done]: 'done',
  [KIND.retry]: 'retry',
  [KIND.wait]: 'wait',
  [KIND.dead]: 'dead',
  [KIND.lost]: 'lost',
  [KIND.back]: 'given-back',
}

export const kindOf = (outcome: Outcome): Kind => KIND[outcome.kind]

export const stateCode = (state: State): number => STATES.indexOf(state)
export const stateOf = (code: number): State => STATES[code]!

const VIAS: readonly Via[] = ['webhook', 'sweep', 'queue']
export const viaCode = (via: Via): number => VIAS.indexOf(via)
export const viaOf = (code: number): Via => VIAS[code]!

import { type Difference, differences } from './difference.ts'
import { type Passed, passThrough, type Stray } from './pass.ts'
import type { Plan } from './plan.ts'
import type { Trial } from './trial.ts'

/** What is wrong with a pass, beside a clean one. */
export type Wrong =
  | { readonly kind: 'stray'; readonly stray: Stray }
  | { readonly kind: 'state'; readonly differences: readonly Difference[] }
  | { readonly kind: 'end'; readonly event: number; readonly clean: string; readonly storm: string }

export interface Finding {
  readonly trial: Trial
  readonly plan: Plan
  readonly passed: Passed
  readonly wrong: Wrong
}

/** Runs a pass and compares it with the clean one, or null when they are the same. */
export async function look(trial: Trial, clean: Passed, plan: Plan): Promise<Finding | null> {
  const passed = await passThrough(trial, plan)
  const wrong = wrongWith(passed, clean, plan)
  return wrong && { trial, plan, passed, wrong }
}

/** What goes on after a return is the reason for much else, so it comes first. */
export function wrongWith(passed: Passed, clean: Passed, plan: Plan): Wrong | null {
  const [stray] = passed.strays
  if (stray) return { kind: 'stray', stray }
  const found = differences(clean.state, passed.state)
  if (found.length > 0) return { kind: 'state', differences: found }
  // A replay of what is done may be refused: nothing is lost by that.
  if (plan.replays !== 'none') return null
  const event = passed.ends.findIndex((end, n) => end !== clean.ends[n])
  return event < 0 ? null : { kind: 'end', event, clean: clean.ends[event]!, storm: passed.ends[event]! }
}

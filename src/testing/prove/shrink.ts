import { type Finding, look } from './finding.ts'
import { passThrough } from './pass.ts'
import { cleanPlan, planOver } from './plan.ts'

/** Passes that may be spent on a shorter story, two for each event left out. */
const TRIES_MAX = 40

/** The same finding with as few events as still show it: one event after another is left out, as long as that is borne. */
export async function shrink(found: Finding): Promise<Finding> {
  let smallest = found
  let tries = 0
  for (let at = smallest.trial.events.length - 1; at >= 0 && tries < TRIES_MAX; at--) {
    const { trial, plan } = smallest
    if (trial.events.length === 1 || plan.faults.some(({ event }) => event === at)) continue
    const kept = trial.events.flatMap((_, n) => (n === at ? [] : [n]))
    tries++
    smallest = (await without(smallest, kept)) ?? smallest
  }
  return smallest
}

/** Null: without that event the handlers cannot do their work, or nothing goes wrong. */
async function without({ trial: whole, plan, wrong }: Finding, kept: readonly number[]): Promise<Finding | null> {
  const trial = { ...whole, events: kept.map((n) => whole.events[n]!) }
  const clean = await passThrough(trial, cleanPlan(kept.length))
  if (clean.ends.some((end) => !/^done|^dead refused/.test(end))) return null
  const found = await look(trial, clean, planOver(plan, kept))
  return found?.wrong.kind === wrong.kind ? found : null
}

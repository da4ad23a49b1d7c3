/** A system that can be walked: where it begins, what may happen next, and what is wrong with a step. */
export interface Model<S> {
  readonly initial: S
  /** Two states with one key are one state. */
  key(state: S): string
  steps(state: S): readonly Step<S>[]
}

export interface Step<S> {
  readonly action: string
  readonly state: S
  /** What this step breaks; null when nothing. */
  readonly broken: string | null
}

export interface Verdict {
  readonly states: number
  readonly steps: number
  /** The shortest way to something broken, action by action, the last line saying what; null when there is none. */
  readonly trace: readonly string[] | null
}

/** Breadth-first over everything that can be reached, so the first thing found is found by a shortest trace. */
export function explore<S>(model: Model<S>): Verdict {
  const seen = new Set([model.key(model.initial)])
  const reached: Reached<S>[] = [{ state: model.initial, from: -1, action: '' }]
  let steps = 0
  for (let i = 0; i < reached.length; i++) {
    const before = reached[i]!.state
    for (const { action, state, broken } of model.steps(before)) {
      steps++
      if (broken !== null) return { states: reached.length, steps, trace: [...traceTo(reached, i), action, broken] }
      // What was refused leads nowhere.
      if (state === before) continue
      const key = model.key(state)
      if (seen.has(key)) continue
      seen.add(key)
      reached.push({ state, from: i, action })
    }
  }
  return { states: reached.length, steps, trace: null }
}

interface Reached<S> {
  readonly state: S
  readonly from: number
  readonly action: string
}

function traceTo<S>(reached: readonly Reached<S>[], end: number): string[] {
  const trace: string[] = []
  for (let i = end; i > 0; i = reached[i]!.from) trace.push(reached[i]!.action)
  return trace.reverse()
}

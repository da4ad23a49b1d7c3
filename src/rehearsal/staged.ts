import type Stripe from 'stripe'
import { hasCode } from '../core/errors.ts'
import type { HandlerContext } from '../processing/context.ts'
import { during, refusalIn, type Trial } from './trial.ts'
import type { Walls } from './walls.ts'

type Run = (event: Stripe.Event, context: HandlerContext) => unknown

/** What a wrapped handler needs to know. */
export interface Stage {
  readonly walls: Walls
  /** The trial of a lease, by its fence. */
  trialOf(fence: number): Trial
}

/** A handler as it acts in a rehearsal: within its trial, and only until that meets something. */
export function staged<R extends Run>(run: R, { walls, trialOf }: Stage): R {
  const acted: Run = (event, context) => {
    const trial = trialOf(context.fence)
    const strays = walls.strays
    return during(trial, async () => {
      try {
        return await Promise.race([run(event, rehearsing(context, trial)), trial.end])
      } catch (error) {
        const refusal = refusalIn(error)
        if (refusal) trial.meet(refusal === 'denied' ? 'files or processes' : String(refusal.values['what']))
        // Pools and clients connect on behalf of nobody, and tell whoever waits in words of their own.
        else if (walls.strays > strays) trial.meet('what a shared connection leads to')
        throw error
      }
    })
  }
  // `forward` handlers are known by what they bear.
  return Object.assign(acted, run) as R
}

/** As the context is, but for what has effects. What is to be answered from recorded bodies has its place here too. */
function rehearsing(context: HandlerContext, trial: Trial): HandlerContext {
  const given = {
    once: (name: string) =>
      context.once(name, () => {
        throw trial.meet('an effect that `once` does not remember')
      }),
    async transaction(write: Parameters<HandlerContext['transaction']>[0]) {
      try {
        return await context.transaction(write)
      } catch (error) {
        if (isThere(error)) throw trial.meet('past a row that the recorded run wrote')
        // The copy is on a machine that does other things too: that it is slow says nothing about the real one.
        if (hasCode(error, 'transaction_too_long')) throw trial.meet('the end of its transaction in time')
        throw error
      }
    },
    /** As if it had not been done before; nothing is written in either, so there is nothing to roll back. */
    onceIn: async () => true,
    settleIn: async () => {},
  }
  const properties = { ...Object.getOwnPropertyDescriptors(context), ...Object.getOwnPropertyDescriptors(given) }
  return Object.defineProperties({}, properties) as HandlerContext
}

// SQLITE_CONSTRAINT_PRIMARYKEY and _UNIQUE.
const isThere = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (error.errcode === 1555 || error.errcode === 2067)

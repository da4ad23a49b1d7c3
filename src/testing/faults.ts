import { failure } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import type { Store } from '../store/store.ts'

/** Whether the question got lost, so that nothing happened, or the answer, after it did. */
export type Fault = 'lost request' | 'lost answer'

/** Asked before each call, counted from 1 over the whole store: what goes wrong with it, or null. */
export type FaultPlan = (call: { readonly n: number; readonly name: string }) => Fault | null

/** Only one call fails: this one. */
export const nthFails =
  (n: number, fault: Fault): FaultPlan =>
  (call) =>
    call.n === n ? fault : null

/** So many of a hundred calls fail, as a share; half of them after they took effect. */
export const someFail = (share: number, random: Random): FaultPlan => {
  return () => (random() >= share ? null : random() < 0.5 ? 'lost request' : 'lost answer')
}

/** The same store, seen over a bad line. What a fault hits rejects with `store_failed`; closing always works. */
export function withFaults(store: Store, plan: FaultPlan): Store {
  let n = 0
  const { transact, settleIn } = store
  const over = <V>(name: string, call: () => Promise<V>): Promise<V> => hit(plan({ n: ++n, name }), name, call)
  return {
    ...store,
    ledger: each(store.ledger, over),
    controls: each(store.controls, over),
    journal: each(store.journal, over),
    locks: each(store.locks, over),
    transact: transact && ((work, handler, write) => over('transact', () => transact(work, handler, write))),
    settleIn: settleIn && each(settleIn, (name, call) => over(`settleIn.${name}`, call)),
  }
}

/**
 * Runs `trial` once without a fault, then once for each call that it made and each way in which that call can fail. The trial
 * says by rejecting that something is broken; the rejection then names the call.
 */
export async function forEachFault(trial: (wrap: (store: Store) => Store) => Promise<void>): Promise<number> {
  const names: string[] = []
  const listen: FaultPlan = ({ name }) => {
    names.push(name)
    return null
  }
  await trial((store) => withFaults(store, listen))
  for (const [i, name] of names.entries()) {
    for (const fault of ['lost request', 'lost answer'] as const) {
      await trial((store) => withFaults(store, nthFails(i + 1, fault))).catch((error: unknown) => {
        throw new Error(`call ${i + 1} (${name}), ${fault}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        })
      })
    }
  }
  return names.length
}

type Over = <V>(name: string, call: () => Promise<V>) => Promise<V>
type Calls = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>

function each<Part extends object>(part: Part, over: Over): Part {
  const calls = Object.entries(part as Calls).map(([name, call]) => [
    name,
    (...args: never[]) => over(name, () => call(...args)),
  ])
  return Object.fromEntries(calls) as Part
}

async function hit<V>(fault: Fault | null, name: string, call: () => Promise<V>): Promise<V> {
  if (fault === null) return call()
  if (fault === 'lost answer') await call()
  throw failure('store_failed', { what: `${fault} of ${name}, as was wished` })
}

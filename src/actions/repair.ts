import type { DeadReason, State } from '../core/outcome.ts'
import type { Entry, Ledger, Query } from '../store/store.ts'
import { moneyOf } from '../stripe/money.ts'
import type { Preview, Repair } from './action.ts'
import { every, narrow, PREVIEW_ROWS_MAX, type Selected, summed } from './selection.ts'

/** What handlers made of an event, well or badly; what a person ended is left to persons. */
const FAILED: readonly DeadReason[] = ['exhausted', 'refused', 'lost', 'waited']
const HANDLED: Readonly<Record<State, readonly string[]>> = {
  done: ['worked'],
  dead: FAILED,
  waiting: [],
  running: [],
}

/** Events that a release handled: the newest of each object, down to the first that something newer has superseded. */
export const repairQuery = (selected: Selected): Omit<Query, 'limit' | 'cursor'> => ({
  ...narrow(selected),
  reason: selected.reason ?? (selected.state ? HANDLED[selected.state] : [...HANDLED.done, ...FAILED]),
  superseded: selected.superseded ?? false,
})

/** What such a move would do, and what it is about. */
export async function previewRepair(
  ledger: Ledger,
  query: Omit<Query, 'limit' | 'cursor'>,
  max: number,
): Promise<Pick<Preview, 'rows' | 'skipped' | 'ids' | 'types' | 'customers'> & { repair: Repair; reached: number }> {
  const entries: Entry[] = []
  for await (const entry of every(ledger, query, max)) entries.push(entry)
  const { there, gone, money } = await weighed(ledger, entries)
  const superseded = query.superseded
    ? 0
    : await counted(every(ledger, { ...query, superseded: true }, PREVIEW_ROWS_MAX))
  return { ...(await summed(there)), repair: { superseded, gone, money }, reached: entries.length }
}

const AT_ONCE = 64

/** Each object once, as its newest event has it: three events of one invoice are about one sum. */
async function weighed(ledger: Ledger, entries: readonly Entry[]) {
  const there: Entry[] = []
  const money: Record<string, number> = {}
  const objects = new Set<string>()
  let gone = 0
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    const group = entries.slice(from, from + AT_ONCE)
    const stories = await Promise.all(group.map(({ ref }) => ledger.open(ref)))
    for (const [n, entry] of group.entries()) {
      const body = stories[n]?.body ?? null
      if (!body) {
        gone++
        continue
      }
      there.push(entry)
      const { account, connected } = entry.tenant
      const object = `${account} ${connected} ${entry.object ?? entry.ref}`
      const amount = objects.has(object) ? null : moneyOf(body)
      objects.add(object)
      if (amount) money[amount.currency] = (money[amount.currency] ?? 0) + amount.minor
    }
  }
  return { there, gone, money }
}

async function counted(entries: AsyncIterable<Entry>): Promise<number> {
  let count = 0
  for await (const _ of entries) count++
  return count
}

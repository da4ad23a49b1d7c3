import assert from 'node:assert/strict'
import type { Change, Ledger } from '../../../src/store/store.ts'
import { type Fact, isNewer } from './world.ts'

/**
 * Reads the ledger's own account of what happened, line by line: when an event was brought back, was there a newer one of its
 * object that was running, or was worked after it and not brought back at that instant?
 */
export async function checkMoves(ledger: Ledger, facts: readonly Fact[]): Promise<void> {
  const byId = new Map(facts.map((fact) => [fact.id, fact]))
  const last = new Map<string, { leasedAt: number; state: 'running' | 'worked' | 'other' }>()
  const { data } = await ledger.changes(null, 1_000_000)
  for (let n = 0; n < data.length; ) {
    const together = movedFrom(data, n)
    for (const { id } of together) {
      const fact = byId.get(id)!
      const mine = last.get(id)!
      const over = facts.filter((other) => {
        const its = last.get(other.id)
        if (!its || fact.object === null || other.object !== fact.object || !isNewer(other, fact)) return false
        const stays = !together.some((one) => one.id === other.id)
        return its.state === 'running' || (stays && its.state === 'worked' && its.leasedAt > mine.leasedAt)
      })
      assert.deepEqual(
        over.map((other) => other.id),
        [],
        `${id} was replayed and had been superseded`,
      )
    }
    for (const { id } of together) last.set(id, { ...last.get(id)!, state: 'other' })
    if (together.length > 0) n += together.length
    else note(last, data[n]!, n++)
  }
}

function movedFrom(data: readonly Change[], from: number): readonly Change[] {
  let to = from
  while (data[to]?.kind === 'moved') to++
  return data.slice(from, to)
}

function note(last: Map<string, { leasedAt: number; state: 'running' | 'worked' | 'other' }>, one: Change, n: number) {
  if (one.kind === 'leased') last.set(one.id, { leasedAt: n, state: 'running' })
  else if (one.kind !== 'admitted')
    last.set(one.id, { leasedAt: last.get(one.id)!.leasedAt, state: one.reason === 'worked' ? 'worked' : 'other' })
}

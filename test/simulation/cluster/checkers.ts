import assert from 'node:assert/strict'
import type { Envelope } from '../../../src/core/event.ts'
import { sumOf, type Truth } from '../../../src/simulator/truth.ts'
import type { Entry } from '../../../src/store/store.ts'

/** What the simulated world knows, beside the ledger, of what was acknowledged and what was begun. */
export class Witness {
  readonly acknowledged = new Map<string, { envelope: Envelope; truth: Truth }>()
  /** Who runs in a lane just now. */
  readonly #running = new Map<string, string>()
  readonly #ranks = new Map<string, number>()
  readonly #mailed = new Set<string>()
  mailCount = 0

  /** Everything that was sent, acknowledged or not: the ledger may have it all the same. */
  sent({ id, rank }: Envelope): void {
    this.#ranks.set(id, rank)
  }

  acknowledge(envelope: Envelope, truth: Truth): void {
    this.acknowledged.set(envelope.id, { envelope, truth })
  }

  /** A handler begins; the answer is to be called when it is over or given up. */
  begins(id: string, lane: string): () => void {
    assert.equal(this.#running.get(lane) ?? id, id, `two events of lane ${lane} run at once`)
    this.#running.set(lane, id)
    return () => {
      if (this.#running.get(lane) === id) this.#running.delete(lane)
    }
  }

  /** A mail goes out: again only if nobody was ever told that it went. */
  mails(key: string): void {
    assert.ok(!this.#mailed.has(key), 'a mail that was remembered as sent was sent again')
    this.mailCount++
  }

  mailed(key: string): void {
    this.#mailed.add(key)
  }

  /** Whoever ran in the process that died runs no more. */
  crashed(): void {
    this.#running.clear()
  }

  /** `strict`: what is worked comes before everything of its lane that is still open and was there when it was leased. */
  inOrder(self: Entry, leasedAt: number, open: readonly Entry[]): void {
    const place = ({ id, createdAt, ref }: Entry) => [createdAt, this.#ranks.get(id) ?? 0, ref] as const
    const overtaken = open
      .filter(({ lane, receivedAt, ref }) => lane === self.lane && ref !== self.ref && receivedAt < leasedAt)
      .filter((other) => isBefore(place(other), place(self)))
    assert.deepEqual(
      overtaken.map(({ id }) => id),
      [],
      `${self.id} overtook others of lane ${self.lane}`,
    )
  }
}

type Place = readonly [number, number, number]
const isBefore = (a: Place, b: Place): boolean => (a[0] - b[0] || a[1] - b[1] || a[2] - b[2]) < 0

/** At the end: nothing lost, nothing twice, and the money is right. */
export function checkEnd(
  witness: Witness,
  entries: readonly Entry[],
  effects: readonly { id: string; amount: number }[],
): void {
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const lost = [...witness.acknowledged.keys()].filter((id) => !byId.has(id))
  assert.deepEqual(lost, [], 'acknowledged and lost')
  const open = entries
    .filter(({ state }) => state !== 'done')
    .map(({ id, state, reason }) => `${id} ${state} ${reason}`)
  assert.deepEqual(open, [], 'never done')

  const counts = new Map<string, number>()
  for (const { id } of effects) counts.set(id, (counts.get(id) ?? 0) + 1)
  const twice = [...counts].filter(([, count]) => count > 1)
  assert.deepEqual(twice, [], 'worked more than once in effect')
  const never = entries.filter(({ id, reason }) => reason === 'worked' && !counts.has(id)).map(({ id }) => id)
  assert.deepEqual(never, [], 'done without effect')

  const sent = [...witness.acknowledged.values()].filter(({ envelope }) => byId.get(envelope.id)?.reason !== 'twin')
  const sums = Object.values(
    sumOf(
      sent.map(({ truth }) => truth),
      'invoice.paid',
    ),
  )
  assert.equal(
    effects.reduce((sum, { amount }) => sum + amount, 0),
    sums.reduce((sum, amount) => sum + amount, 0),
    'money',
  )
}

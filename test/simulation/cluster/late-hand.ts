import assert from 'node:assert/strict'
import { pick, type Random } from '../../../src/core/random.ts'
import type { Leased, Store, Work } from '../../../src/store/store.ts'
import { EFFECTS } from './work.ts'

/** Somebody who held leases once and wakes up late: whatever it still tries with an old one must be refused. */
export class LateHand {
  readonly #old: Leased[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** The store, with each lease noted on its way out. */
  watch(store: Store): Store {
    const lease: Store['ledger']['lease'] = async (want, signal) => {
      const works = await store.ledger.lease(want, signal)
      this.#old.push(...works.map(({ ref, fence }: Work) => ({ ref, fence })))
      return works
    }
    return { ...store, ledger: { ...store.ledger, lease } }
  }

  /** An old lease never becomes its event's own again, so nothing that others do meanwhile excuses a yes. */
  async tries({ ledger, transact }: Store): Promise<void> {
    if (this.#old.length === 0) return
    const work = pick(this.#random, this.#old)
    const story = await ledger.open(work.ref)
    const last = story?.timeline.findLast((chapter) => chapter.kind === 'attempt')
    if (last?.fence === work.fence && last.outcome === 'running') return
    const transacted = transact!(work, { name: 'book', last: true }, (db) => {
      db.exec(EFFECTS)
      db.prepare('insert into effects values (?, 0)').run('by a late hand')
    })
    await assert.rejects(transacted, { code: 'stale_lease' }, 'a late hand committed')
    assert.equal(await ledger.remember(work, 'late', true), false, 'a late hand remembered')
    assert.deepEqual(await ledger.renew([work], 60_000), [false], 'a late hand renewed')
    await ledger.giveBack([work], 0)
    const outcome = { kind: 'dead', reason: 'refused', error: null } as const
    const [settled] = await ledger.settle([{ work, outcome, returned: [] }])
    assert.notEqual(settled, 'settled', 'a late hand settled')
  }
}

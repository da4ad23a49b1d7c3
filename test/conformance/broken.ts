import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Envelope } from '../../src/core/event.ts'
import type { Leased, Ledger, Store } from '../../src/store/store.ts'
import type { Harness } from '../../src/testing/harness.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'

/** A store that breaks one promise, and the subjects of the suite of which one has to notice. */
interface Broken {
  readonly what: string
  readonly subjects: readonly string[]
  breaks(ledger: Ledger): Partial<Ledger>
}

const BROKEN: readonly Broken[] = [
  {
    what: 'forgets a fence',
    subjects: ['settle', 'lost'],
    breaks(ledger) {
      const latest = new Map<number, number>()
      const trusted = (work: Leased): Leased => ({ ...work, fence: latest.get(work.ref) ?? work.fence })
      return {
        async lease(want, signal) {
          const leased = await ledger.lease(want, signal)
          for (const { ref, fence } of leased) latest.set(ref, fence)
          return leased
        },
        settle: (results) => ledger.settle(results.map((result) => ({ ...result, work: trusted(result.work) }))),
        renew: (work, leaseMs) => ledger.renew(work.map(trusted), leaseMs),
      }
    },
  },
  {
    what: 'leases a busy lane',
    subjects: ['lanes'],
    breaks(ledger) {
      let n = 0
      return { admit: (events) => ledger.admit(events.map((event) => ({ ...event, lane: `${event.lane} ${++n}` }))) }
    },
  },
  {
    what: 'forgets a repeat',
    subjects: ['admit'],
    breaks(ledger) {
      const times = new Map<string, number>()
      const renamed = (event: Envelope): Envelope => {
        const n = times.get(event.id) ?? 0
        times.set(event.id, n + 1)
        return n === 0 ? event : { ...event, id: `${event.id}_${n}` }
      }
      return { admit: (events) => ledger.admit(events.map(renamed)) }
    },
  },
  {
    what: 'settles twice',
    subjects: ['settle'],
    breaks: (ledger) => ({ settle: async (results) => (await ledger.settle(results)).map(() => 'settled' as const) }),
  },
]

/** The suite itself is tried: each of these stores has to fail it, over whatever real one lies beneath. */
export function findsBroken(name: string, harness: Harness, skip: string | false = false): void {
  for (const broken of BROKEN)
    test(`the suite finds a store over ${name} that ${broken.what}`, { skip }, async (t) => {
      const promises = broken.subjects.flatMap((subject) => storeSuite[subject] ?? [])
      const over = breaking(harness, broken)
      const found: string[] = []
      for (const promise of promises.filter(({ needs }) => needs.every((need) => harness.offers.includes(need))))
        await promise.run(over).catch(() => found.push(promise.name))
      t.diagnostic(`${broken.what}: found by ${found.length} of ${promises.length} promises, first "${found[0]}"`)
      assert.notDeepEqual(found, [])
    })
}

const breaking = (harness: Harness, { breaks }: Broken): Harness => ({
  offers: harness.offers,
  async open() {
    const opened = await harness.open()
    const over = (store: Store): Store => ({ ...store, ledger: { ...store.ledger, ...breaks(store.ledger) } })
    return { ...opened, store: over(opened.store), reopen: async (how) => over(await opened.reopen(how)) }
  },
})

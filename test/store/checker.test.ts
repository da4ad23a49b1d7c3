import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as transitions from '../../src/store/transitions.ts'
import { brokenVariants } from './checker/broken.ts'
import { explore } from './checker/explore.ts'
import { ledgerModel } from './checker/ledger.ts'

test('no interleaving of deliveries, workers, crashes, boots, late wakers and operators breaks the ledger', (t) => {
  const { states, steps, trace } = explore(ledgerModel(transitions))

  t.diagnostic(`${states} states, ${steps} steps`)
  assert.equal(trace, null, trace?.join('\n'))
  // Fewer would mean that the model has stopped reaching what it is there for.
  assert.ok(states > 10_000)
})

for (const [name, variant] of Object.entries(brokenVariants)) {
  test(`the checker finds a ledger in which ${name}`, (t) => {
    const { trace } = explore(ledgerModel(variant))

    assert.ok(trace, 'nothing was found')
    t.diagnostic(trace.join(' -> '))
  })
}

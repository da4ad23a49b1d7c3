import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prove } from '../../src/testing.ts'
import { seed, sized } from '../size.ts'
import { planted as cachedRead } from './planted/cached-read.ts'
import { planted as effectBeforeThrow } from './planted/effect-before-throw.ts'
import { planted as ignoredSignal } from './planted/ignored-signal.ts'
import { planted as increment } from './planted/increment.ts'
import { planted as lostUpdate } from './planted/lost-update.ts'
import { planted as mailBeforeCommit } from './planted/mail-before-commit.ts'
import { planted as moduleState } from './planted/module-state.ts'
import { planted as insert } from './planted/non-idempotent-insert.ts'
import { planted as swallowedError } from './planted/swallowed-error.ts'
import { planted as trustingCreated } from './planted/trusting-created.ts'
import { planted as trustingOrder } from './planted/trusting-order.ts'
import { planted as unawaitedPromise } from './planted/unawaited-promise.ts'
import type { Planted } from './planted/world.ts'

const BUGS: Readonly<Record<string, Planted>> = {
  'a non-idempotent insert': insert,
  'an increment': increment,
  'an e-mail before the commit': mailBeforeCommit,
  'trusting the order of arrival': trustingOrder,
  'trusting `created`': trustingCreated,
  'swallowing an error': swallowedError,
  'a lost update': lostUpdate,
  'a cached read': cachedRead,
  'state of the module': moduleState,
  'an un-awaited promise': unawaitedPromise,
  'an effect before a throw': effectBeforeThrow,
  'ignoring the signal': ignoredSignal,
}

const seeds = Array.from({ length: sized({ tenth: 2, whole: 30 }) }, (_, n) => seed + n)

for (const [bug, { broken, mended, says }] of Object.entries(BUGS)) {
  test(`${bug} is found and named, with every seed`, async () => {
    for (const one of seeds) {
      await assert.rejects(prove(broken.tried, { ...broken.options, seed: one }), ({ message }: Error) => {
        for (const words of says) assert.match(message, words)
        return true
      })
    }
  })

  test(`without ${bug} the handler passes, with every seed`, async () => {
    for (const one of seeds) await prove(mended.tried, { ...mended.options, seed: one })
  })
}

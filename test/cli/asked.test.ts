import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Context } from '../../src/cli/context.ts'
import { main } from '../../src/cli/main.ts'
import type { Screen } from '../../src/cli/terminal.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openStore } from '../../src/presets/database.ts'
import { envelope } from '../chaos/virtual.ts'

/** A ledger on which v41 has worked one event, and somebody (or nobody) at the terminal. */
async function setUp(t: TestContext, answer: boolean | null) {
  const cwd = mkdtempSync(join(tmpdir(), 'hookkeeper-asked-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  const store = await openStore('sqlite:.hookkeeper/hookkeeper.db', { cwd })
  const object = { id: 'in_1', object: 'invoice', total: 1_200, currency: 'eur' }
  const body = Buffer.from(JSON.stringify({ object: 'event', data: { object } }))
  await store.ledger.admit([envelope(systemClock, { id: 'evt_1', body })])
  const handles = [{ pattern: '*', name: 'one', leaseMs: 30_000, room: 1, strict: false }]
  const [work] = await store.ledger.lease({ max: 1, waitMs: 0, worker: 'w', release: 'v41', handles })
  await store.ledger.settle([{ work: work!, outcome: { kind: 'done', reason: 'worked' }, returned: [] }])
  await store.close()

  const written = { out: '', err: '', questions: 0 }
  const context: Omit<Context, 'exit'> = {
    ...{ cwd, env: {}, clock: systemClock, interrupted: () => new AbortController().signal },
    out: screen((text) => (written.out += text)),
    err: screen((text) => (written.err += text)),
    confirm: answer === null ? null : async () => Boolean(++written.questions && answer),
  }
  const run = async (...args: string[]) => {
    Object.assign(written, { out: '', err: '', questions: 0 })
    return { code: await main(args, { context }), ...written }
  }
  const state = async () => JSON.parse((await run('events', 'evt_1', '--json')).out).state
  return { run, state }
}

const screen = (write: (text: string) => void): Screen => ({
  ...{ write, tty: false, colour: false, size: () => ({ columns: 80, rows: 24 }), onResize: () => () => {} },
})

const REPAIR = ['do', 'replay', '--handled-by', 'v41']

test('at a terminal a repair is shown first, and no changes nothing', async (t) => {
  const { run, state } = await setUp(t, false)

  const { code, out, err, questions } = await run(...REPAIR)

  assert.match(out, /^1 events reopened, of 1 customers, about EUR 12\.00\.\n/)
  assert.deepEqual([code, err, questions], [0, 'Nothing was changed.\n', 1])
  assert.equal(await state(), 'done')
})

test('yes, and --yes, and nobody there to ask, all act', async (t) => {
  const yes = await setUp(t, true)
  assert.match((await yes.run(...REPAIR)).out, /\n1 events reopened\. Journal 1\.\n$/)
  assert.equal(await yes.state(), 'waiting')

  const told = await setUp(t, false)
  assert.match((await told.run(...REPAIR, '--yes')).out, /^1 events reopened\. Journal 1\.\n$/)

  const nobody = await setUp(t, null)
  assert.match((await nobody.run(...REPAIR)).out, /^1 events reopened\. Journal 1\.\n$/)
})

test('what finds nothing, or names its events, is not asked about', async (t) => {
  const { run, state } = await setUp(t, true)

  assert.equal((await run('do', 'replay', '--handled-by', 'v40')).questions, 0)
  assert.equal((await run('do', 'replay', 'evt_1')).questions, 0)
  assert.equal(await state(), 'waiting')
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Answer200, answers200, callsOf, TRACED } from '../chaos/calls.ts'
import { eventBody } from '../chaos/delivery.ts'
import { Sender } from '../chaos/sender.ts'
import { Up } from '../chaos/up.ts'
import { Place } from '../services/place.ts'
import { strace } from '../services/strace.ts'
import { sized } from '../size.ts'

const ALONE = sized({ tenth: 10, whole: 100 })
const TOGETHER = sized({ tenth: 40, whole: 400 })
// Nothing else is written then: between two deliveries one after another the log holds the later one's commit only.
const env = { HOOKKEEPER_ROLES: 'ingestion' }
const UNSYNCED = fileURLToPath(new URL('../chaos/hooks/unsynced.ts', import.meta.url))

test('each 200 follows a sync of the commit that holds its event', { skip: strace.skip }, async (t) => {
  const answers = await traced(t, [])

  assert.equal(answers.length, ALONE + TOGETHER)
  assert.deepEqual(
    answers.filter(({ missing }) => missing !== null),
    [],
  )
})

test('the same check finds every 200 wanting where the store does not sync', { skip: strace.skip }, async (t) => {
  const answers = await traced(t, [UNSYNCED])

  assert.equal(answers.length, ALONE + TOGETHER)
  assert.ok(answers.every(({ missing }) => missing === 'a sync after that write'))
})

/** The answers of a process that takes some deliveries one after another, then many at once, as its system calls show them. */
async function traced(t: TestContext, imports: readonly string[]): Promise<Answer200[]> {
  const place = new Place('synced')
  t.after(() => place.end())
  const ledger = join(await place.folder(), 'ledger.db')
  const up = await new Up({ place, ledger, port: await place.port(), handlers: 'effects', env, imports }).started()
  const sender = new Sender(up.origin, { connections: 8 })
  t.after(() => sender.close())
  const { attach } = await strace.ready()

  const trace = await attach({ pid: up.pid, calls: TRACED })
  const statuses: unknown[] = []
  for (let n = 0; n < ALONE; n++) statuses.push((await sender.post(eventBody({ id: `evt_alone_${n}` }))).status)
  const many = Array.from({ length: TOGETHER }, (_, n) => sender.post(eventBody({ id: `evt_together_${n}` })))
  for (const { status } of await Promise.all(many)) statuses.push(status)
  const lines = await trace.stop()
  await up.stop()

  assert.ok(statuses.every((status) => status === 200))
  return answers200(callsOf(lines), ledger)
}

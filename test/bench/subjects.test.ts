import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { load } from '../../bench/load/load.ts'
import { type Running, subject } from '../../bench/subjects/subject.ts'
import { systemClock } from '../../src/core/clock.ts'

const SECRET = 'whsec_right'

test('L has written every event that it gave a 200 for, whole', async (t) => {
  const running = await started(t, 'L')

  const { ok } = await deliver(running, { secret: SECRET, requests: 200 })

  assert.equal(ok, 200)
  const kept = framesOf(readFileSync(join(running.dir, 'events.log'))).map((body) => JSON.parse(body).id)
  assert.equal(new Set(kept).size, 200)
})

for (const name of ['bare', 'L'])
  test(`${name} takes what is signed well and refuses the rest`, async (t) => {
    const running = await started(t, name)

    const good = await deliver(running, { secret: SECRET, requests: 20 })
    const bad = await deliver(running, { secret: 'whsec_wrong', requests: 20 })

    assert.deepEqual([good.ok, good.refused], [20, {}])
    assert.deepEqual([bad.ok, bad.refused], [0, { 400: 20 }])
  })

test('a subject is gone when it was stopped', async (t) => {
  const running = await started(t, 'bare')
  await running.stop()
  for (const pid of running.pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

async function started(t: TestContext, name: string): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), 'hookkeeper-'))
  const running = await subject(name).start({ dir, secret: SECRET })
  t.after(async () => {
    await running.stop()
    rmSync(dir, { recursive: true })
  })
  return running
}

const deliver = ({ port }: Running, { secret, requests }: { secret: string; requests: number }) =>
  load(
    {
      port,
      path: '/webhooks/stripe',
      secret,
      nonce: 't',
      lanes: 10,
      connections: 8,
      ratePerSecond: null,
      warmUpMs: 0,
      measureMs: 60_000,
      requestsMax: requests,
    },
    systemClock,
    () => {},
  )

/** Each event stands behind its length, in four bytes. */
function framesOf(log: Buffer): string[] {
  const bodies: string[] = []
  for (let at = 0; at < log.length; ) {
    const length = log.readUInt32LE(at)
    bodies.push(log.toString('utf8', at + 4, at + 4 + length))
    at += 4 + length
  }
  return bodies
}

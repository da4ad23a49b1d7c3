import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { SECRET, signatureOf } from '../chaos/delivery.ts'
import { cluster, database } from '../cluster/on-postgres.ts'
import { deliver, invoicePaid, start } from '../package/program.ts'
import { run } from '../package/project.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { asked } from '../services/postgres-client.ts'
import { build, QUIET } from './frameworks.ts'
import { installed } from './install.ts'

const NAME = 'next-postgres-cron'
const CRON_SECRET = 'only the clock knows it'
const NEXT = 'node_modules/next/dist/bin/next'
const place = new Place('serverless')
const ready = postgres.skip ? { skip: postgres.skip } : await installed(NAME)

test('next-postgres-cron: what is taken is worked after the answer; what a frozen function left is worked by the clock', {
  skip: 'skip' in ready && ready.skip,
}, async (t) => {
  const dir = 'dir' in ready ? ready.dir : ''
  const url = await database(t)
  const port = await place.port()
  const env = { ...QUIET, DATABASE_URL: url, STRIPE_WEBHOOK_SECRET: SECRET, CRON_SECRET, PORT: `${port}` }
  await build(dir, { build: [NEXT, 'build'] })
  await run(process.execPath, ['node_modules/hookkeeper/dist/cli/bin.js', 'migrate'], {
    cwd: dir,
    env: { PATH: process.env['PATH'], ...env },
  })
  await asked(url, await readFile(join(dir, 'schema.sql'), 'utf8'))
  const paid = async () =>
    (await asked<{ event: string }>(url, 'select event from paid order by 1')).map((row) => row.event)
  const cron = (secret: string) =>
    fetch(`http://127.0.0.1:${port}/cron`, { headers: { authorization: `Bearer ${secret}` } })

  const program = start([NEXT, 'start'], { cwd: dir, env })
  try {
    await program.printed(/Ready/)
    const route = `http://127.0.0.1:${port}/webhooks/stripe`
    for (let time = 0; time < 2; time++)
      assert.equal(
        (await deliver(route, { event: invoicePaid('evt_after'), secret: SECRET })).status,
        200,
        program.output(),
      )
    const wrong = await deliver(route, { event: invoicePaid('evt_wrong'), secret: 'whsec_of_somebody_else' })
    assert.equal(wrong.status, 400)
    while ((await paid()).length === 0);

    // Another function has recorded it and was frozen with its answer.
    const other = cluster(t, url, 'ingestion')
    await other.start()
    assert.equal((await other.fetch(request(invoicePaid('evt_frozen')))).status, 200)
    assert.equal((await cron('a guess')).status, 401)
    assert.deepEqual(await paid(), ['evt_after'])
    const passed = await cron(CRON_SECRET)
    assert.equal(passed.status, 200)
    assert.deepEqual(await passed.json(), { leased: 1, done: 1, again: 0, dead: 0, late: 0 })
  } finally {
    await program.stop()
  }

  assert.deepEqual(await paid(), ['evt_after', 'evt_frozen'], program.output())
})

function request(event: object): Request {
  const body = Buffer.from(JSON.stringify(event))
  return new Request('http://shop.test/', { method: 'POST', headers: { 'stripe-signature': signatureOf(body) }, body })
}

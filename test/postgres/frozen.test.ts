import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openPostgres } from '../../src/store/postgres.ts'
import { effectsOf, entriesOf } from '../chaos/books.ts'
import { eventBody, SECRET } from '../chaos/delivery.ts'
import { ledgerIn, onPostgres } from '../chaos/ground.ts'
import { Sender } from '../chaos/sender.ts'
import { ownSchema } from '../conformance/postgres.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { sized } from '../size.ts'

const FUNCTIONS = sized({ tenth: 4, whole: 16 })
const EACH = sized({ tenth: 3, whole: 10 })
const HANDLER_MS = 500
const LEASE_MS = HANDLER_MS + 10_000
/** Others look once a second, and believe that it has gone when it was silent for six. */
const NOTICED_MS = 7_000
const PROGRAM = fileURLToPath(new URL('../chaos/instance.ts', import.meta.url))

onPostgres(async () => (await ownSchema(await postgres.ready())).pooled)

test(`${FUNCTIONS} functions that freeze with their last 200: nothing is lost or doubled, nothing stays leased longer than its lease`, {
  skip: postgres.skip,
}, async (t) => {
  const place = new Place('frozen')
  t.after(() => place.end())
  const ledger = await ledgerIn(place)
  const functions = await Promise.all(Array.from({ length: FUNCTIONS }, () => started(t, ledger)))
  const ids: string[] = []
  for (const [n, one] of functions.entries()) {
    for (let m = 0; m < EACH; m++) {
      const id = `evt_${n}_${m}`
      ids.push(id)
      // One customer's events come to every function.
      const { status } = await one.sender.post(eventBody({ id, customer: `cus_${m}` }))
      // Just then it stands still, wherever its pass has come to.
      if (m === EACH - 1) one.child.kill('SIGSTOP')
      assert.equal(status, 200)
    }
  }

  const clock = await started(t, ledger)
  const store = await openPostgres({ url: ledger })
  t.after(() => store.close())
  const open = async () => (await entriesOf(store)).entries.filter(({ state }) => state !== 'done')
  for (const until = performance.now() + 2 * (LEASE_MS + NOTICED_MS); (await open()).length > 0; ) {
    assert.ok(performance.now() < until, JSON.stringify(await open()))
    await fetch(`${clock.url}/work`)
  }
  for (const { child } of functions) child.kill('SIGCONT')
  // It answers when what it goes on with is over.
  for (const one of functions) assert.equal((await fetch(`${one.url}/work`)).status, 200)

  const { entries } = await entriesOf(store)
  assert.deepEqual(entries.map(({ id }) => id).toSorted(), ids.toSorted())
  assert.deepEqual((await effectsOf(ledger)).map(({ id }) => id).toSorted(), ids.toSorted())
  for (const { ref } of entries)
    for (const chapter of (await store.ledger.open(ref))!.timeline)
      if (chapter.kind === 'attempt')
        assert.ok(chapter.endedAt! - chapter.startedAt <= LEASE_MS + NOTICED_MS, JSON.stringify(chapter))
})

interface Instance {
  readonly child: ChildProcess
  readonly url: string
  readonly sender: Sender
}

async function started(t: TestContext, ledger: string): Promise<Instance> {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: ledger,
    STRIPE_WEBHOOK_SECRET: SECRET,
    HOOKKEEPER_PROCESSING_HANDLER_MS: String(HANDLER_MS),
    LOG_LEVEL: 'error',
  }
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(createInterface({ input: child.stdout! }), 'line')
  const url = `http://127.0.0.1:${port}`
  const sender = new Sender(url)
  t.after(async () => {
    await sender.close()
    child.kill('SIGKILL')
  })
  return { child, url, sender }
}

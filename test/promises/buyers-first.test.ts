import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock, type VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import type { Cluster } from '../../src/index.ts'
import type { Entry } from '../../src/store/store.ts'
import { inFiles, ledgerFor } from '../chaos/ground.ts'
import { allSettled, here } from '../chaos/here.ts'
import { pause } from '../chaos/settle.ts'
import { envelope, pass, virtual } from '../chaos/virtual.ts'
import { full } from '../size.ts'

const SLOTS = 10
const HANDLER_MS = 20
const WAITING = { tenth: 10_000, whole: 100_000 }
const BUYERS = { tenth: 18, whole: 180 }
const CUSTOMERS = 5_000
/** Not a multiple of the handlers' time: buyers come at every moment between two slots that fall free. */
const EVERY_MS = 1_007

if (inFiles())
  test(`${WAITING.tenth} renewals wait, a buyer comes each second: done in at most twice the quiet time (virtual time)`, async (t) => {
    const quiet = await virtualBuyers(t, 0)
    const busy = await virtualBuyers(t, WAITING.tenth)

    t.diagnostic(`p99 ${quiet.p99} ms quiet, ${busy.p99} ms busy; ${busy.renewals} renewals were worked meanwhile`)
    assert.ok(quiet.p99 >= HANDLER_MS)
    assert.ok(busy.p99 <= 2 * quiet.p99, `${busy.p99} ms`)
    // Ten slots of 20 ms work 500 a second; one after another would be a tenth of that.
    assert.ok(busy.renewals > 300 * BUYERS.tenth, `${busy.renewals} renewals`)
  })

if (full)
  test(`${WAITING.whole} renewals wait, a buyer comes each second: done in at most twice the quiet time (real time)`, async (t) => {
    const quiet = await realBuyers(t, 0)
    const busy = await realBuyers(t, WAITING.whole)

    const said = `p99 ${quiet.p99} ms quiet, ${busy.p99} ms busy; ${busy.left} renewals still waited at the end`
    t.diagnostic(said)
    assert.ok(busy.left > 0, said)
    assert.ok(busy.p99 <= 2 * quiet.p99, said)
  })

async function virtualBuyers(t: TestContext, waiting: number): Promise<{ p99: number; renewals: number }> {
  const { clock, store, handlers, worker, found } = await virtual(t, { concurrency: SLOTS })
  let renewals = 0
  const work = () => new Promise<void>((resolve) => clock.after(HANDLER_MS, resolve))
  handlers.on('checkout.session.completed', work)
  handlers.on('invoice.paid', () => work().then(() => void renewals++))
  await store.ledger.admit(Array.from({ length: waiting }, (_, n) => renewal(clock, n)))
  await worker.start()
  for (let n = 0; n < BUYERS.tenth; n++) {
    await Promise.all([store.ledger.admit([buyer(clock, n)]), pass(clock, { ms: EVERY_MS, stepMs: 1, turnsEach: 12 })])
  }
  return { p99: p99(await found({ type: 'checkout.session.completed' }), BUYERS.tenth), renewals }
}

async function realBuyers(t: TestContext, waiting: number): Promise<{ p99: number; left: number }> {
  const cluster = here(t, await ledgerFor(t), { processing: { concurrency: SLOTS } })
  cluster.on(['checkout.session.completed', 'invoice.paid'], () => pause(HANDLER_MS))
  await cluster.start(['processing'])
  const { ledger } = cluster.store
  for (let n = 0; n < waiting; n += BATCH)
    await ledger.admit(Array.from({ length: Math.min(BATCH, waiting - n) }, (_, i) => renewal(systemClock, n + i)))
  for (let n = 0; n < BUYERS.whole; n++) {
    await ledger.admit([buyer(systemClock, n)])
    await pause(1_000)
  }
  const left = (await ledger.backlog()).ready
  const { data } = await ledger.find({ type: 'checkout.session.completed', limit: 1_000 })
  const figures = { p99: p99(data, BUYERS.whole), left }
  await emptied(cluster)
  return figures
}

const BATCH = 500

/** What is left has been measured enough. */
async function emptied(cluster: Cluster): Promise<void> {
  await cluster.store.ledger.move(
    { query: { type: 'invoice.paid', state: 'waiting' }, limit: 100_000 },
    { kind: 'discard' },
    { by: 'test', why: 'measured enough' },
  )
  await allSettled(cluster)
}

/** From received to done, as the ledger has it: in whole milliseconds. */
function p99(entries: readonly Entry[], count: number): number {
  const took = entries.map(({ doneAt, receivedAt }) => (doneAt ?? Number.POSITIVE_INFINITY) - receivedAt)
  assert.equal(took.length, count)
  return took.sort((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1]!
}

const renewal = (clock: Seconds, n: number): Envelope =>
  envelope(clock, { id: `evt_renewal_${n}`, customer: `cus_${n % CUSTOMERS}`, urgency: 'batch' })

const buyer = (clock: Seconds, n: number): Envelope =>
  envelope(clock, { id: `evt_buyer_${n}`, type: 'checkout.session.completed', customer: `cus_b${n}`, urgency: 'now' })

type Seconds = Pick<VirtualClock, 'now'>

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventBody, signatureOf } from '../chaos/delivery.ts'
import { ledgerFor } from '../chaos/ground.ts'
import { allSettled, found, here, senderTo, signal } from '../chaos/here.ts'

test('the same event 100 times at once: one row, one effect, 100 times 200', async (t) => {
  const cluster = here(t, await ledgerFor(t))
  let effects = 0
  cluster.on('invoice.paid', () => void effects++)
  await cluster.start()
  const sender = senderTo(t, cluster)
  const body = eventBody({ id: 'evt_once' })

  const answers = await Promise.all(Array.from({ length: 100 }, () => sender.post(body)))
  await allSettled(cluster)

  assert.deepEqual(
    answers.map(({ status }) => status),
    Array.from({ length: 100 }, () => 200),
  )
  const rows = await found(cluster)
  assert.deepEqual(
    rows.map(({ id, state, attempts }) => ({ id, state, attempts })),
    [{ id: 'evt_once', state: 'done', attempts: 1 }],
  )
  assert.equal(effects, 1)
})

test('a repeat while the event runs, after it is done and after a restart changes nothing', async (t) => {
  const ledger = await ledgerFor(t)
  const first = here(t, ledger)
  const begun = signal()
  const release = signal()
  let effects = 0
  first.on('*', async () => {
    effects++
    begun.resolve()
    await release.promise
  })
  await first.start()
  const body = eventBody({ id: 'evt_again' })
  const send = senderTo(t, first)

  assert.equal((await send.post(body)).status, 200)
  await begun.promise
  assert.equal((await send.post(body, signatureOf(body))).status, 200)
  release.resolve()
  await allSettled(first)
  assert.equal((await send.post(body)).status, 200)
  await allSettled(first)
  await first.stop()

  const second = here(t, ledger)
  second.on('*', () => void effects++)
  await second.start()
  assert.equal((await senderTo(t, second).post(body)).status, 200)
  await allSettled(second)
  assert.equal((await found(second)).length, 1)
  assert.equal(effects, 1)
})

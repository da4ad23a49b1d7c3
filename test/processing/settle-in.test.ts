import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import type { EffectsTx } from '../../src/processing/effects.ts'
import { event, room } from './room.ts'

test('a transaction of the last handler that commits makes the event done, and the settle finds that it is', async () => {
  const { ledger, handlers, worker, counts } = room()
  const tx = transaction()
  handlers.on('invoice.paid', async (_event, { settleIn }) => {
    await settleIn(tx)
    ledger.commit(tx)
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  assert.equal(ledger.row(ref).state, 'done')
  assert.deepEqual(
    ledger.settled.map(({ answer }) => answer),
    ['already'],
  )
  assert.deepEqual(counts, { 'invoice.paid done': 1 })
})

test('however many transactions commit, a retry beside them is put off by none', async () => {
  const { clock, ledger, handlers, worker, counts } = room({ concurrency: 500 })
  handlers.on('invoice.paid', async ({ id }, { settleIn }) => {
    if (id === 'evt_poison') throw new Error('x')
    const tx = transaction()
    await settleIn(tx)
    ledger.commit(tx)
  })
  const fine = Array.from({ length: 500 }, () => ledger.add(event()))
  ledger.add(event('invoice.paid', { id: 'evt_poison' }))

  await worker.start()
  await settled()
  await clock.advance(0)

  assert.deepEqual(new Set(fine.map((ref) => ledger.row(ref).state)), new Set(['done']))
  assert.deepEqual(counts, { 'invoice.paid done': 500, 'invoice.paid retry': 1 })
})

test('a transaction that was rolled back is tried again, though its handler returned', async () => {
  const { clock, ledger, handlers, worker } = room()
  handlers.on('invoice.paid', { name: 'books' }, async (_event, { settleIn, attempt }) => {
    const tx = transaction()
    await settleIn(tx)
    if (attempt > 1) ledger.commit(tx)
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  const [first] = ledger.outcomes()
  assert.equal(first?.kind, 'retry')
  assert.equal(first?.reason, 'rolled-back')
  assert.equal(first?.kind === 'retry' && first.error?.code, 'settle_in_rolled_back')
  await clock.advance(60_000)
  assert.equal(ledger.row(ref).state, 'done')
  assert.equal(ledger.row(ref).attempts, 2)
})

test('one whose transaction is still open when it has failed waits for that by itself', async () => {
  const { clock, ledger, handlers, worker, counts } = room()
  handlers.on('invoice.paid', async ({ id }, { settleIn }) => {
    if (id === 'evt_fine') return
    await settleIn(transaction())
    throw new Error('x')
  })
  const ref = ledger.add(event('invoice.paid', { id: 'evt_stuck' }))
  const close = ledger.keepOpen(ref)
  await worker.start()
  const fine = ledger.add(event('invoice.paid', { id: 'evt_fine' }))
  await settled()

  assert.equal(ledger.row(fine).state, 'done')
  assert.equal(ledger.row(ref).state, 'running')
  close()
  await clock.advance(250)
  assert.equal(ledger.row(ref).attempts, 1)
  assert.deepEqual(counts, { 'invoice.paid done': 1, 'invoice.paid retry': 1 })
})

test('a stop waits for no transaction', async () => {
  const { clock, ledger, handlers, worker, counts } = room()
  handlers.on('invoice.paid', async (_event, { settleIn }) => {
    await settleIn(transaction())
    throw new Error('x')
  })
  ledger.keepOpen(ledger.add(event()))
  await worker.start()
  await settled()

  const stopped = worker.stop()
  await clock.advance(60_000)
  await stopped
  assert.deepEqual(counts, { 'invoice.paid late': 1 })
})

test('with several handlers each commits its own memory, and only the last makes the event done', async () => {
  const { ledger, handlers, worker } = room()
  const states: string[] = []
  for (const name of ['first', 'second'])
    handlers.on('invoice.paid', { name }, async (_event, { settleIn }) => {
      const tx = transaction()
      await settleIn(tx)
      ledger.commit(tx)
      states.push(ledger.row(ref).state)
    })

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  assert.deepEqual(states, ['running', 'done'])
  assert.deepEqual(ledger.remembered(ref), { 'handler:first': true, 'handler:second': true })
})

test('a first handler that rolls back keeps the second from ending the event, and runs alone when it is tried again', async () => {
  const { clock, ledger, handlers, worker } = room()
  const ran: string[] = []
  for (const name of ['first', 'second'])
    handlers.on('invoice.paid', { name }, async (_event, { settleIn, attempt }) => {
      ran.push(`${name} ${attempt}`)
      const tx = transaction()
      await settleIn(tx)
      if (name === 'second' || attempt > 1) ledger.commit(tx)
    })

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  assert.equal(ledger.row(ref).state, 'waiting')
  await clock.advance(60_000)

  assert.equal(ledger.row(ref).state, 'done')
  assert.deepEqual(ran, ['first 1', 'second 1', 'first 2'])
})

test('a handler that fails after its transaction was committed does not run again', async () => {
  const { clock, ledger, handlers, worker } = room()
  const ran: string[] = []
  for (const name of ['first', 'second'])
    handlers.on('invoice.paid', { name }, async (_event, { settleIn }) => {
      ran.push(name)
      const tx = transaction()
      await settleIn(tx)
      ledger.commit(tx)
      throw new Error('afterwards')
    })

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(60_000)

  assert.deepEqual(ran, ['first', 'second'])
  assert.equal(ledger.row(ref).state, 'done')
})

test('a transaction that failed may be begun again within the attempt', async () => {
  const { ledger, handlers, worker } = room()
  handlers.on('invoice.paid', async (_event, { settleIn }) => {
    await settleIn(transaction())
    const again = transaction()
    await settleIn(again)
    ledger.commit(again)
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  assert.equal(ledger.row(ref).state, 'done')
})

test('where the ledger cannot say whether the memory is there, the event is tried again, and knows then', async () => {
  const { clock, ledger, handlers, worker } = room()
  const ran: string[] = []
  handlers.on('invoice.paid', { name: 'first' }, async (_event, { settleIn }) => {
    ran.push('first')
    const tx = transaction()
    await settleIn(tx)
    ledger.commit(tx)
    ledger.failing = new Error('away')
  })
  handlers.on('invoice.paid', { name: 'second' }, () => {
    ran.push('second')
    ledger.failing = null
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  assert.equal(ledger.row(ref).state, 'waiting')
  await clock.advance(60_000)

  assert.equal(ledger.row(ref).state, 'done')
  assert.deepEqual(ran, ['first', 'second'])
})

test('whoever lost the lease is refused, and writes nothing', async () => {
  const { ledger, handlers, worker, counts } = room()
  const tx = transaction()
  handlers.on('invoice.paid', async (_event, { settleIn }) => {
    ledger.steal(ref)
    await assert.rejects(settleIn(tx), { code: 'stale_lease' })
    ledger.commit(tx)
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  assert.deepEqual(ledger.remembered(ref), {})
  assert.deepEqual(counts, { 'invoice.paid late': 1 })
})

test('a transaction in a database that cannot be the ledger’s is refused', async () => {
  const { ledger, handlers, worker } = room()
  handlers.on('invoice.paid', (_event, { settleIn }) => settleIn({ ...transaction(), dialect: 'mysql' }))

  ledger.add(event())
  await worker.start()
  await settled()

  const [outcome] = ledger.outcomes()
  assert.equal(outcome?.kind === 'retry' && outcome.error?.code, 'settle_in_elsewhere')
})

const transaction = (): EffectsTx => ({ dialect: 'postgres', query: async () => ({ rows: 1 }) })

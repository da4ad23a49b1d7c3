import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { settled, VirtualClock } from '../../src/core/clock.ts'
import { effectsTable } from '../../src/processing/effects.ts'
import { stableKey } from '../../src/processing/key.ts'
import { sqliteTx } from '../../src/processing/tx/sqlite.ts'
import { MemoryLedger } from './ledger.ts'
import { event, room } from './room.ts'

test('once returns the remembered value in later attempts, with the same key offered to the effect', async () => {
  const { clock, ledger, handlers, worker } = room()
  const keys: string[] = []
  const values: unknown[] = []
  handlers.on('invoice.paid', { name: 'billing' }, async (_event, { once, attempt }) => {
    values.push(
      await once('charge', async (key) => {
        keys.push(key)
        return { id: 'ch_1', at: new Date(0) }
      }),
    )
    values.push(await once('nothing', () => undefined))
    if (attempt < 3) throw new Error('after the effect')
  })

  ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(60_000)

  assert.equal(keys.length, 1)
  assert.match(keys[0] ?? '', /^[0-9a-f]{32}$/)
  const each = [{ id: 'ch_1', at: '1970-01-01T00:00:00.000Z' }, undefined]
  assert.deepEqual(values, [...each, ...each, ...each])
})

test('an effect that failed is tried again with the same key', async () => {
  const { clock, ledger, handlers, worker } = room()
  const keys: string[] = []
  handlers.on('invoice.paid', async (_event, { once }) => {
    const effect = async (key: string) => {
      keys.push(key)
      if (keys.length < 3) throw new Error('no')
    }
    await once('mail', effect).catch(() => once('mail', effect))
  })

  ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(60_000)

  assert.equal(keys.length, 3)
  assert.equal(new Set(keys).size, 1)
})

test('the same name used twice in one attempt runs the effect once', async () => {
  const { ledger, handlers, worker } = room()
  let ran = 0
  let values: number[] = []
  handlers.on('invoice.paid', async (_event, { once }) => {
    values = await Promise.all([once('n', async () => ++ran), once('n', async () => ++ran)])
  })

  ledger.add(event())
  await worker.start()
  await settled()

  assert.deepEqual(values, [1, 1])
})

test('keys differ by tenant, event, handler and name', () => {
  const one = event()
  const tenant = { ...one.tenant, connected: 'acct_1' }
  const keys = [
    stableKey(one, 'a', 'b'),
    stableKey(event(), 'a', 'b'),
    stableKey({ ...one, tenant }, 'a', 'b'),
    stableKey(one, 'a', 'c'),
    stableKey(one, 'ab', ''),
    stableKey(one, '', 'ab'),
  ]

  assert.equal(new Set(keys).size, keys.length)
  assert.equal(stableKey({ ...one, createdAt: 1 }, 'a', 'b'), keys[0])
})

test('a transaction of the last handler makes the event done, and settle finds that it already is', async () => {
  const { ledger, handlers, worker, counts } = room()
  ledger.db.exec('create table paid (id text primary key)')
  let states: string[] = []
  handlers.on('invoice.paid', { name: 'first' }, async (parsed, { transaction }) => {
    await transaction((db) => db.prepare('insert into paid values (?)').run(`first ${parsed.id}`))
    states = [ledger.row(ref).state]
  })
  handlers.on('invoice.paid', { name: 'second' }, async (parsed, { transaction }) => {
    await transaction((db) => db.prepare('insert into paid values (?)').run(`second ${parsed.id}`))
    states.push(ledger.row(ref).state)
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  assert.deepEqual(states, ['running', 'done'])
  assert.equal(ledger.settled[0]?.answer, 'already')
  assert.deepEqual(counts, { 'invoice.paid done': 1 })
  assert.equal(ledger.db.prepare('select count(*) n from paid').get()?.['n'], 2)
})

test('a handler that fails after its transaction committed does not run again', async () => {
  const { clock, ledger, handlers, worker, lines } = room()
  let ran = 0
  handlers.on('invoice.paid', { name: 'books' }, async (_event, { transaction }) => {
    ran++
    await transaction(() => 1)
    throw new Error('afterwards')
  })
  handlers.on('invoice.paid', { name: 'mail' }, (_event, { attempt }) => {
    if (attempt < 2) throw new Error('smtp')
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(60_000)

  assert.equal(ran, 1)
  assert.equal(ledger.row(ref).state, 'done')
  assert.equal(lines.filter(({ fields }) => fields['handler'] === 'books').length, 1)
})

test('a second transaction in one attempt is refused, one after a rolled back one is not', async () => {
  const { ledger, handlers, worker } = room()
  const codes: unknown[] = []
  handlers.on('invoice.paid', async (_event, { transaction }) => {
    const failing = () => {
      throw Object.assign(new Error('x'), { code: 'MINE' })
    }
    for (const write of [failing, () => 1, () => 2]) {
      codes.push(await transaction(write).catch(({ code }) => code))
    }
  })

  ledger.add(event())
  await worker.start()
  await settled()

  assert.deepEqual(codes, ['MINE', 1, 'transaction_twice'])
})

test('without the embedded ledger a transaction says what to use', async () => {
  const clock = new VirtualClock()
  const ledger = new MemoryLedger(clock)
  const { handlers, worker } = room({ store: { ...ledger.store(), transact: null }, clock })
  handlers.on('invoice.paid', (_event, { transaction }) => transaction(() => 1))

  ledger.add(event())
  await worker.start()
  await settled()

  const outcome = ledger.outcomes()[0]
  assert.equal(outcome?.kind === 'retry' && outcome.error?.code, 'transaction_unavailable')
})

test('without a ledger in Postgres settleIn says what to use', async () => {
  const clock = new VirtualClock()
  const ledger = new MemoryLedger(clock)
  const { handlers, worker } = room({ store: { ...ledger.store(), settleIn: null }, clock })
  handlers.on('invoice.paid', (_event, { settleIn }) => settleIn(new DatabaseSync(':memory:')))

  ledger.add(event())
  await worker.start()
  await settled()

  const outcome = ledger.outcomes()[0]
  assert.equal(outcome?.kind === 'retry' && outcome.error?.code, 'settle_in_unavailable')
})

test('onceIn writes one row in your transaction: false when it was there, nothing when you rolled back', async () => {
  const { clock, ledger, handlers, worker } = room()
  const db = new DatabaseSync(':memory:')
  db.exec(effectsTable('sqlite'))
  const answers: boolean[] = []
  handlers.on('invoice.paid', async (_event, { onceIn, attempt }) => {
    db.exec('begin')
    answers.push(await onceIn(sqliteTx(db), 'book'))
    db.exec(attempt === 1 ? 'rollback' : 'commit')
    if (attempt < 3) throw new Error('again')
  })

  ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(60_000)

  assert.deepEqual(answers, [true, true, false])
  assert.equal(db.prepare('select count(*) n from hookkeeper_effects').get()?.['n'], 1)
})

test('the log bears the event and the handler', async () => {
  const { ledger, handlers, worker, lines } = room()
  handlers.on('invoice.paid', { name: 'books' }, (_event, { log }) => log.info({ n: 1 }, 'booked'))

  ledger.add(event('invoice.paid', { id: 'evt_log' }))
  await worker.start()
  await settled()

  const fields = { n: 1, id: 'evt_log', type: 'invoice.paid', handler: 'books' }
  assert.deepEqual(lines[0], { level: 'info', fields, message: 'booked' })
})

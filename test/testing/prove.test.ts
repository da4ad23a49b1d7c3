import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { effectsTable, sqliteTx } from '../../src/index.ts'
import { fixture, prove } from '../../src/testing.ts'
import { over, Table } from './planted/world.ts'

const refusal = async (proof: Promise<unknown>): Promise<string> =>
  proof.then(
    () => assert.fail('it passed'),
    ({ message }: Error) => message,
  )

test('the README’s lines, `once` and `onceIn` pass every storm', async () => {
  const db = new DatabaseSync(':memory:')
  db.exec(`${effectsTable('sqlite')}; create table paid (event text, cents integer)`)

  const { passes } = await prove(
    {
      'invoice.paid': async ({ id, data }, { transaction }) => {
        await transaction((ledger) => {
          ledger.exec('create table if not exists paid (event text primary key, cents integer)')
          ledger.prepare('insert into paid values (?, ?)').run(id, data.object.amount_paid)
        })
      },
      'customer.created': async ({ id }, { onceIn }) => {
        db.exec('begin')
        try {
          if (await onceIn(sqliteTx(db), 'row')) db.prepare('insert into paid values (?, 0)').run(id)
          db.exec('commit')
        } catch (error) {
          db.exec('rollback')
          throw error
        }
      },
    },
    {
      reset: () => db.exec('delete from paid; delete from hookkeeper_effects'),
      state: ({ db: ledger }) => ({
        ours: db.prepare('select * from paid').all(),
        ledger: ledger.prepare("select name from sqlite_schema where name = 'paid'").all(),
      }),
      // One customer at a time, or two transactions would meet on one connection.
      storms: ['again', 'repeat', 'two processes', 'failure', 'lost answer', 'crash', 'order'],
      onCrash: () => {
        if (db.isTransaction) db.exec('rollback')
      },
    },
  )

  assert.ok(passes.repeat > 0 && passes.crash > 3 && passes['lost answer'] > 0)
  db.close()
})

test('the same seed gives the same report, and the story it tells is as short as can be', async () => {
  const paid = new Table<number>()
  const report = () =>
    refusal(
      prove(
        async ({ data }) => {
          await paid.change(String(data.object.customer), (before = 0) => before + 1)
        },
        { ...over({ paid }), on: 'invoice.paid', seed: 5 },
      ),
    )

  const told = await report()

  assert.equal(told, await report())
  assert.equal(told.match(/^ {2}invoice\.paid {2}evt_/gm)?.length, 1)
  assert.match(told, /Again: prove\(\.\.\., \{ seed: 5, storms: \['repeat'\] \}\)/)
})

test('a promise that nobody awaits is found without being told of the outside', async () => {
  const rows: string[] = []
  const told = await refusal(
    prove(
      ({ id }) => {
        setImmediate(() => rows.push(id))
      },
      { on: 'invoice.paid', reset: () => void rows.splice(0), state: () => rows },
    ),
  )

  assert.match(told, /returns before its work is done/)
  assert.match(told, /went on changing after the handler had returned/)
})

test('what fails in a clean pass proves nothing, and the last error is told', async () => {
  const told = await refusal(
    prove(
      () => {
        throw new Error('no such table')
      },
      { on: 'invoice.paid', reset() {}, state: () => null },
    ),
  )

  assert.match(told, /clean pass/)
  assert.match(told, /ends dead exhausted.* Its last attempt threw no such table/)
})

test('an event that only ends as a dead letter in a storm is told, though the state is right', async () => {
  const seen = new Table<true>()
  const strict = {
    get: (id: string) => seen.get(id),
    async insert(id: string) {
      if (await seen.get(id)) throw new Error('UNIQUE constraint failed')
      await seen.put(id, true)
    },
  }
  const told = await refusal(
    prove(async ({ id }) => strict.insert(id), { ...over({ seen }), outside: { strict }, on: 'invoice.paid' }),
  )

  assert.match(told, /ends dead exhausted, in a clean pass done worked/)
  assert.match(told, /UNIQUE constraint failed/)
})

test('events of which two share an id, or that no ledger would take, are refused', async () => {
  const event = fixture('invoice.paid')
  const old = fixture('invoice.paid', {}, { created: 1_600_000_000 })
  const proof = (...events: (typeof event)[]) => refusal(prove(() => {}, { events, reset() {}, state: () => null }))

  assert.match(await proof(event, event), /two share an id/)
  assert.match(await proof(old, event), /over 400 days older/)
  assert.match(await proof(), /no events for these handlers/)
})

test('storms that cannot be made are counted as none', async () => {
  const { passes, events } = await prove(() => {}, {
    events: [fixture('invoice.paid', { customer: 'cus_1' })],
    reset() {},
    state: () => null,
  })

  assert.equal(events, 1)
  assert.deepEqual([passes.failure, passes['time-out'], passes.order, passes['side by side']], [0, 0, 0, 0])
  assert.ok(passes.crash > 0)
})

test('what was tapped is put back, found or not; what cannot be tapped is named', async () => {
  const paid = new Table<number>()
  const own = { async send() {} }
  const { send } = own
  const options = { ...over({ paid }), outside: { paid, own }, on: 'invoice.paid' as const }

  await prove(async ({ id }) => paid.put(id, 1), options)
  await refusal(prove(async ({ id }) => paid.put(id + Math.floor(performance.now() * 1_000), 1), options))

  assert.equal(own.send, send)
  assert.deepEqual(Object.keys(paid), [])
  const frozen = Object.freeze({ async send() {} })
  const look = { on: 'invoice.paid' as const, reset() {}, state: () => null }
  assert.match(
    await refusal(prove(() => {}, { ...look, outside: { frozen } })),
    /outside\.frozen\.send cannot be replaced/,
  )
  assert.match(
    await refusal(prove(() => {}, { ...look, outside: { send: send as never } })),
    /outside\.send is no object/,
  )
})

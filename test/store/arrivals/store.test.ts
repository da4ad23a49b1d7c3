import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderOf } from '../../../src/store/sqlite/arrivals/place.ts'
import { openSqlite } from '../../../src/store/sqlite.ts'
import type { Entry, Page, Story, Stray, Work } from '../../../src/store/store.ts'
import { event, ledgerPath } from './setup.ts'
import { opened, WANT } from './stepped.ts'

const DAY_MS = 86_400_000

test('who was told that an event is recorded finds it at once, and its body as it was', async (t) => {
  const store = await openSqlite({ path: ledgerPath(t) })
  t.after(() => store.close())
  for (let n = 0; n < 50; n++) {
    const { admitted } = await store.ledger.accept!([event(`evt_${n}`), event(`evt_${n}`)])
    const [found] = (await store.ledger.find({ id: `evt_${n}`, limit: 1 })).data
    const story = await store.ledger.open(found!.ref)
    assert.deepEqual(JSON.parse(Buffer.from(story!.body!).toString()), { id: `evt_${n}`, text: 'Grüße, 世界' })
    assert.deepEqual(await admitted, ['new', 'repeat'])
  }
})

test('what arrived and was not taken in before the end is there after the next start, once', async (t) => {
  const ledger = await opened(t)
  await ledger.bring(event('evt_1'))
  ledger.turn()
  await ledger.bring(event('evt_1'), event('evt_2'), event('evt_3'))

  const next = await opened(t, ledger.crash())
  assert.deepEqual(next.ids(), ['evt_3', 'evt_2', 'evt_1'])
  await next.bring(event('evt_2'), event('evt_4'))
  next.turn()
  assert.deepEqual(next.reports.at(-1)?.admitted, ['repeat', 'new'])
  assert.deepEqual(next.ids(), ['evt_4', 'evt_3', 'evt_2', 'evt_1'])
})

test('a commit that fails takes nothing in twice and leaves nothing out', async (t) => {
  const ledger = await opened(t)
  await ledger.bring(event('evt_1'), event('evt_2'))
  ledger.db.exec('pragma query_only = on')
  ledger.turn()
  assert.equal(ledger.reports.length, 0)
  ledger.db.exec('pragma query_only = off')
  await ledger.clock.advance(500)
  ledger.turn()
  assert.deepEqual(ledger.ids(), ['evt_2', 'evt_1'])
  assert.deepEqual(
    ledger.reports.map(({ admitted }) => admitted),
    [['new', 'new']],
  )
})

test('an event whose created is out of all reason is kept as a stray, whole', async (t) => {
  const ledger = await opened(t)
  await ledger.bring(event('evt_1', { createdAt: 0, body: Buffer.from('{"old":true}') }))
  ledger.turn()
  const strays = (await ledger.ask('strays', null, 10)) as Page<Stray>
  assert.deepEqual(ledger.reports[0]?.admitted, ['refused'])
  assert.deepEqual(
    strays.data.map(({ source, bytes }) => [source, Buffer.from(bytes).toString()]),
    [['webhook default', '{"old":true}']],
  )
})

test('a segment goes with its last body past retention, and what is still open keeps its body', async (t) => {
  const ledger = await opened(t)
  await ledger.bring(event('evt_open'), event('evt_done'))
  ledger.turn()
  const work = (await ledger.ask('lease', WANT, 1)) as Work[]
  const done = work.find(({ event: { id } }) => id === 'evt_done')!
  const settlement = { work: done, outcome: { kind: 'done', reason: 'worked' }, returned: [] }
  assert.deepEqual(await ledger.ask('settle', [settlement]), ['settled'])
  await ledger.log.close()

  for (let pass = 0; pass < 5; pass++) {
    await ledger.clock.advance(pass === 0 ? 31 * DAY_MS : 1000)
    ledger.turn()
    await ledger.bring(event(`evt_later_${pass}`, { createdAt: ledger.clock.now() }))
    ledger.turn()
  }
  assert.deepEqual(readdirSync(folderOf(ledger.path)), ['0000000002'])
  const body = async (id: string) => {
    const [entry] = ((await ledger.ask('find', { id, limit: 1 })) as Page<Entry>).data
    return ((await ledger.ask('open', entry!.ref)) as Story).body
  }
  assert.equal(await body('evt_done'), null)
  assert.equal(JSON.parse(Buffer.from((await body('evt_open'))!).toString()).id, 'evt_open')
  assert.ok(await body('evt_later_1'))
})

test('an event that the ledger cannot take in is kept as a stray, and those behind it are not held up', async (t) => {
  const ledger = await opened(t)
  await ledger.bring(event('evt_1'), event('evt_bad', { customer: {} as never }), event('evt_2'))
  ledger.turn()
  await ledger.clock.advance(1000)
  ledger.turn()

  const strays = (await ledger.ask('strays', null, 10)) as Page<Stray>
  assert.deepEqual(
    strays.data.map(({ why, bytes }) => [why, JSON.parse(Buffer.from(bytes).toString()).id]),
    [['the ledger could not take it in', 'evt_bad']],
  )
  const { data } = (await ledger.ask('find', { limit: 10 })) as Page<Entry>
  assert.deepEqual(data.map(({ id }) => id).toSorted(), ['evt_1', 'evt_2'])
})

test('a body that is damaged on the disk comes as an empty one, and takes nobody along', async (t) => {
  const path = ledgerPath(t)
  const store = await openSqlite({ path })
  t.after(() => store.close())
  await store.ledger.admit([
    event('evt_1', { lane: 'a' }),
    event('evt_2', { lane: 'b' }),
    event('evt_3', { lane: 'c' }),
  ])
  const file = join(folderOf(path), '0000000001')
  const bytes = readFileSync(file)
  bytes[bytes.lastIndexOf('evt_2')]! ^= 1
  writeFileSync(file, bytes)

  const work = await store.ledger.lease(WANT)

  const bodies = Object.fromEntries(work.map(({ event: { id, body } }) => [id, Buffer.from(body).toString()]))
  assert.match(bodies['evt_1']!, /evt_1/)
  assert.equal(bodies['evt_2'], '')
  assert.match(bodies['evt_3']!, /evt_3/)
})

test('a backup is one file, with the bodies in it, and begins segments of its own beside those of the original', async (t) => {
  const path = ledgerPath(t)
  const store = await openSqlite({ path })
  await store.ledger.admit([event('evt_1'), event('evt_2')])
  const copy = join(path, '..', 'copy.db')
  await store.backup(copy)
  await store.close()
  cpSync(folderOf(path), folderOf(copy), { recursive: true })

  const restored = await openSqlite({ path: copy })
  t.after(() => restored.close())
  await restored.ledger.admit([event('evt_3')])
  const { data } = await restored.ledger.find({ limit: 10 })
  const bodies = await Promise.all(data.map(async ({ ref }) => (await restored.ledger.open(ref))!.body))
  assert.deepEqual(
    bodies.map((body) => JSON.parse(Buffer.from(body!).toString()).id),
    ['evt_3', 'evt_2', 'evt_1'],
  )
  assert.deepEqual(readdirSync(folderOf(copy)), ['0000000001', '0000000002'])
})

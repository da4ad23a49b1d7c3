import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Broker, Lent } from '../../src/broker/broker.ts'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { openScratch } from '../../src/presets/sqlite.ts'
import { Drain } from '../../src/processing/drain.ts'
import { type Drained, takeIn } from '../../src/processing/inlet.ts'
import type { MessageRules } from '../../src/processing/message.ts'
import type { Ledger, Store } from '../../src/store/store.ts'
import { message, put, until } from '../../src/testing/broker/promise.ts'
import { MemoryBroker, MemoryService } from '../conformance/memory-broker.ts'

const NOW_S = Math.floor(systemClock.now() / 1_000)

const eventBody = (id: string, over: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...{ id, object: 'event', type: 'invoice.paid', created: NOW_S, livemode: true, api_version: '2025-08-27.basil' },
      data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1' } },
      ...over,
    }),
  )

const ours = (id: string, over: object = {}) =>
  message(id, {
    key: 'default:cus_1',
    body: eventBody(id, over),
    attributes: { account: 'eu', endpoint: 'eu/main', received: '1' },
  })

interface Stage {
  readonly service: MemoryService
  readonly broker: Broker
  readonly store: Store
  readonly drain: Drain
  readonly counts: Drained[]
}

async function stage(
  t: TestContext,
  {
    over = {},
    breaks = () => ({}),
    lentMs = 300,
  }: { over?: Partial<MessageRules>; breaks?: (ledger: Ledger) => Partial<Ledger>; lentMs?: number } = {},
): Promise<Stage> {
  const service = new MemoryService([], lentMs)
  const broker = new MemoryBroker(service)
  const store = await openScratch(systemClock)
  const counts: Drained[] = []
  const { ledger } = store
  const whole = {
    admit: ledger.admit.bind(ledger),
    keep: ledger.keep.bind(ledger),
    backlog: ledger.backlog.bind(ledger),
    ...breaks(ledger),
  }
  const drain = new Drain({
    source: broker,
    ledger: whole,
    rules: { trusted: false, account: 'default', modeOf: () => 'both', bodyBytesMax: 10_000, ...over },
    broker: 'memory',
    clock: systemClock,
    random: seeded(1),
    log: silent,
    meter: { drained: (result) => void counts.push(result) },
  })
  t.after(async () => {
    await drain.stop()
    await broker.close()
    await store.close()
  })
  return { service, broker, store, drain, counts }
}

const emptied = ({ service }: Stage) => until(async () => service.entries.length === 0, 'the broker is emptied')

test('what the broker holds comes into the ledger as it was verified, and is then acknowledged', async (t) => {
  const on = await stage(t)
  await put(on.broker, [ours('evt_1'), ours('evt_2'), ours('evt_1')])
  await on.drain.start()
  await emptied(on)

  const { data } = await on.store.ledger.find({ limit: 10 })
  assert.deepEqual(data.map(({ id }) => id).sort(), ['evt_1', 'evt_2'])
  assert.deepEqual(
    data.map(({ via, endpoint, tenant }) => [via, endpoint, tenant.account]),
    [
      ['webhook', 'eu/main', 'eu'],
      ['webhook', 'eu/main', 'eu'],
    ],
  )
  assert.deepEqual(on.counts.sort(), ['new', 'new', 'repeat'])
})

test('while the ledger takes nothing, nothing is acknowledged and it says so; afterwards nothing is lost', async (t) => {
  let down = true
  let refused = 0
  const gone = async (): Promise<never> => {
    refused++
    throw new Error('the database is away')
  }
  const on = await stage(t, {
    breaks: (ledger) => ({
      admit: (events) => (down ? gone() : ledger.admit(events)),
      backlog: () => (down ? gone() : ledger.backlog()),
    }),
  })
  await put(on.broker, [ours('evt_1'), ours('evt_2')])
  await on.drain.start()
  await until(async () => refused >= 4, 'it is tried again')
  assert.equal(on.service.entries.length, 2)
  assert.deepEqual(on.drain.why(), ['The ledger does not take what the broker holds.'])

  down = false
  await emptied(on)
  assert.deepEqual(on.drain.why(), [])
  assert.equal((await on.store.ledger.find({ limit: 10 })).data.length, 2)
})

test('a broker that cannot be reached is said to be so, and is tried again', async (t) => {
  const on = await stage(t)
  on.service.reach(false)
  await on.drain.start()
  await until(async () => on.drain.why().length > 0, 'it is noticed')
  assert.deepEqual(on.drain.why(), ['The broker cannot be received from.'])

  on.service.reach(true)
  await put(on.broker, [ours('evt_1')])
  await emptied(on)
  assert.deepEqual(on.drain.why(), [])
})

test('what cannot be read is kept whole as a stray, and the others of its batch come in', async (t) => {
  const on = await stage(t)
  const bad = message('evt_bad', { body: Buffer.from('{"no":"event"}') })
  const old = ours('evt_old', { created: 1 })
  await put(on.broker, [ours('evt_1'), bad, old, ours('evt_2')])
  await on.drain.start()
  await emptied(on)

  const { data } = await on.store.ledger.strays(null, 10)
  const bodies = data.map(({ bytes }) => Buffer.from(bytes).toString())
  assert.deepEqual(bodies.sort(), [bad.body.toString(), old.body.toString()].sort())
  assert.ok(data.every(({ source }) => source === 'queue memory'))
  assert.equal((await on.store.ledger.find({ limit: 10 })).data.length, 2)
  assert.equal(on.counts.filter((one) => one === 'stray').length, 2)
})

test("a foreign message is a stray, unless the broker is trusted: then Stripe's event, bare or in EventBridge's envelope, comes in", async (t) => {
  const detail = eventBody('evt_bridge', { spaced: 'ü' }).toString().replaceAll(',', ' ,  ')
  const envelope = `{"version":"0","id":"x","detail-type":"invoice.paid","source":"aws.partner/stripe.com/ed_1","detail": ${detail} }`
  const bare = eventBody('evt_bare')
  const large = eventBody('evt_large', { filler: 'x'.repeat(10_000) })
  const foreign = async (on: Stage) => {
    for (const body of [Buffer.from(envelope), bare, large]) on.service.add({ id: '', key: '', body, attributes: {} })
    await on.drain.start()
    await emptied(on)
    return (await on.store.ledger.strays(null, 10)).data
  }

  const untrusted = await stage(t)
  const strays = await foreign(untrusted)
  assert.equal(strays.length, 3)
  assert.match(strays[0]?.why ?? '', /broker\.trusted/)

  const trusted = await stage(t, { over: { trusted: true } })
  const [stray, ...others] = await foreign(trusted)
  assert.deepEqual([stray?.bytes.length, others], [large.length, []])
  const { data } = await trusted.store.ledger.find({ limit: 10 })
  assert.deepEqual(data.map(({ id, via }) => [id, via]).sort(), [
    ['evt_bare', 'queue'],
    ['evt_bridge', 'queue'],
  ])
  const bridged = await trusted.store.ledger.open(data.find(({ id }) => id === 'evt_bridge')!.ref)
  assert.equal(Buffer.from(bridged?.body ?? []).toString(), detail)
})

test('one event that the ledger cannot take fails alone, comes again, and is a stray in the end', async (t) => {
  const on = await stage(t, {
    breaks: (ledger) => ({
      admit: async (events) => {
        if (events.some(({ id }) => id === 'evt_evil')) throw new Error('the database refuses it')
        return ledger.admit(events)
      },
    }),
  })
  await put(on.broker, [ours('evt_1'), ours('evt_evil'), ours('evt_2')])
  await on.drain.start()
  await emptied(on)

  assert.equal((await on.store.ledger.find({ limit: 10 })).data.length, 2)
  const { data } = await on.store.ledger.strays(null, 10)
  assert.deepEqual(
    data.map(({ why }) => why),
    ['the ledger did not take it: Error'],
  )
  assert.equal(on.counts.filter((one) => one === 'failed').length, 4)
})

test('batches are admitted in the order in which they came, though receiving and acknowledging overlap', async (t) => {
  const order: string[] = []
  const on = await stage(t, {
    lentMs: 60_000,
    breaks: (ledger) => ({
      admit: async (events) => {
        order.push(...events.map(({ id }) => id))
        return ledger.admit(events)
      },
    }),
  })
  const ids = Array.from({ length: 1_500 }, (_, n) => `evt_${n}`)
  await put(
    on.broker,
    ids.map((id) => ours(id)),
  )
  await on.drain.start()
  await emptied(on)

  assert.deepEqual(order, ids)
})

test('while some wait for the ledger, what comes meanwhile is fetched together', async (t) => {
  const admitted: string[][] = []
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  const on = await stage(t, {
    lentMs: 60_000,
    breaks: (ledger) => ({
      admit: async (events) => {
        admitted.push(events.map(({ id }) => id))
        await opened
        return ledger.admit(events)
      },
    }),
  })
  const lent = (count: number) =>
    until(async () => on.service.entries.filter(({ holder }) => holder).length === count, `${count} are lent`)
  await on.drain.start()
  await put(on.broker, [ours('evt_1')])
  await until(async () => admitted.length === 1, 'the first is on its way')
  await put(on.broker, [ours('evt_2')])
  await lent(2)
  await put(on.broker, [ours('evt_3')])
  await put(on.broker, [ours('evt_4')])

  open()
  await emptied(on)
  assert.deepEqual(admitted, [['evt_1'], ['evt_2'], ['evt_3', 'evt_4']])
})

test('what is not in the ledger when the drain stops comes again', async (t) => {
  const on = await stage(t, {
    breaks: () => ({
      admit: () => Promise.reject(new Error('away')),
      backlog: () => Promise.reject(new Error('away')),
    }),
  })
  await put(on.broker, [ours('evt_1')])
  await on.drain.start()
  await until(async () => on.drain.why().length > 0, 'it is tried')
  await on.drain.stop()

  assert.equal(on.service.entries.length, 1)
})

test('a message that the vault could not open is a stray, with the reason', async (t) => {
  const { store } = await stage(t)
  const lent: Lent = { ...message('evt_1'), attributes: { 'hk-vault-failed': 'its key is destroyed' }, deliveries: 1 }
  const rules: MessageRules = { trusted: true, account: 'default', modeOf: () => 'both', bodyBytesMax: 10_000 }
  const results = await takeIn([lent], {
    ledger: store.ledger,
    rules,
    broker: 'memory',
    log: silent,
    meter: { drained() {} },
  })

  assert.deepEqual(results, ['stray'])
  assert.equal((await store.ledger.strays(null, 1)).data[0]?.why, 'its key is destroyed')
})

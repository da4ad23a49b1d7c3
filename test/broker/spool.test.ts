import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { BrokerError, type Message } from '../../src/broker/broker.ts'
import { SpoolBefore } from '../../src/broker/spool/before.ts'
import { SpoolFile } from '../../src/broker/spool/file.ts'
import { openSpool, Spool } from '../../src/broker/spool.ts'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { idsOf, message, messages, never, put, rest, take, until, within } from '../../src/testing/broker/promise.ts'
import { MemoryBroker, MemoryService } from '../conformance/memory-broker.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hookkeeper-spool-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

const open = (path: string): Spool => openSpool({ path, clock: systemClock, log: silent, lentMs: 1_000 })

const before = (spool: Spool, service: MemoryService, inner = new MemoryBroker(service)) =>
  new SpoolBefore(inner, { spool, clock: systemClock, random: seeded(1), log: silent, slowMs: 500 })

/** It takes nothing larger than that, and only says so when it is handed over. */
function narrow(service: MemoryService, bytesMax = 1_000): MemoryBroker {
  const inner = new MemoryBroker(service)
  const append = inner.append.bind(inner)
  const fits = ({ body }: Message) => body.length <= bytesMax || !service.reachable
  inner.append = async (messages) => {
    const answers = (await append(messages.filter(fits))).values()
    const tooLarge = new BrokerError('too-large', 'memory: too large')
    return messages.map((message) => (fits(message) ? (answers.next().value ?? null) : tooLarge))
  }
  return inner
}

const large = message('evt_large', { body: Buffer.alloc(1_001, 'x') })

test('what a process appended before it was killed is there for the next one', async (t) => {
  const path = folder(t)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'spool-child.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const answered: string[] = []
  for await (const id of createInterface(child.stdout)) {
    answered.push(id)
    if (answered.length === 200) child.kill('SIGKILL')
  }

  const spool = open(path)
  const came = new Set(idsOf((await take(spool, answered.length)).map(({ message }) => message)))
  assert.deepEqual(
    answered.filter((id) => !came.has(id)),
    [],
  )
  await spool.close()
})

test('over an outage the order of a key is kept: what is new goes behind what lies on the disk', async (t) => {
  const service = new MemoryService()
  const broker = before(open(folder(t)), service)
  const sent = Array.from({ length: 90 }, (_, n) => message(`evt_${n}`, { key: 'default:cus_1' }))
  await put(broker, sent.slice(0, 30))
  service.reach(false)
  await put(broker, sent.slice(30, 60))
  service.reach(true)
  for (const one of sent.slice(60)) await put(broker, [one])

  const came = (await take(broker, 90, { ack: true })).map(({ message }) => message)
  assert.deepEqual(idsOf(came), idsOf(sent))
  await broker.close()
})

test('when the disk is empty again, appends go straight to the broker', async (t) => {
  const service = new MemoryService()
  const spool = open(folder(t))
  const broker = before(spool, service)
  service.reach(false)
  await put(broker, messages('evt_during', 10))
  assert.equal(spool.waiting, 10)
  service.reach(true)
  await until(async () => spool.waiting === 0, 'the disk is emptied')

  await put(broker, messages('evt_after', 5))
  assert.equal(spool.waiting, 0)
  assert.equal(service.entries.length, 15)
  await broker.close()
})

test('a broker that does not answer in time is passed by', async (t) => {
  const service = new MemoryService()
  const inner = new MemoryBroker(service)
  inner.append = () => new Promise(() => {})
  const spool = open(folder(t))
  const broker = new SpoolBefore(inner, { spool, clock: systemClock, random: seeded(1), log: silent, slowMs: 50 })

  assert.deepEqual(await broker.append([message('evt_1')]), [null])
  assert.equal(spool.waiting, 1)
})

test('what turns out to be too large for the broker holds nothing up, and comes from the disk', async (t) => {
  const service = new MemoryService()
  const spool = open(folder(t))
  const broker = before(spool, service, narrow(service))
  service.reach(false)
  await put(broker, [message('evt_1'), large, message('evt_2')])
  service.reach(true)
  await until(async () => spool.waiting === 0, 'nothing waits on the disk for the broker')

  assert.deepEqual(idsOf(service.entries.map(({ message }) => message)), ['evt_1', 'evt_2'])
  assert.equal((await broker.backlog()).waiting, 3)
  await put(broker, [message('evt_3')])
  assert.equal(service.entries.length, 3, 'what is new goes straight to the broker')

  const came = await take(broker, 4, { ack: true })
  assert.deepEqual(idsOf(came.map(({ message }) => message)).sort(), ['evt_1', 'evt_2', 'evt_3', 'evt_large'])
  assert.equal(broker.spooled, 0)
  assert.deepEqual(await rest(broker, 100), [])
  await broker.close()
})

test('a receive that waits is woken by what is set aside', async (t) => {
  const service = new MemoryService()
  const spool = open(folder(t))
  const broker = before(spool, service, narrow(service))
  const waiting = broker.receive({ max: 1, waitMs: 60_000 }, never)
  await spool.append([large])

  assert.deepEqual(idsOf((await within(10_000, waiting, 'a receive')).messages), ['evt_large'])
  await broker.close()
})

test('where nobody receives, what is too large is said and counted, and the next process tries it again', async (t) => {
  const path = folder(t)
  const service = new MemoryService()
  const spool = open(path)
  const broker = before(spool, service, narrow(service))
  await spool.append([large])
  await until(async () => spool.aside === 1, 'it is set aside')
  const [finding] = (await broker.check()).filter(({ what }) => what.includes('larger'))
  assert.match(finding?.what ?? '', /larger than the broker takes, 1 of them/)
  assert.deepEqual([broker.spooled, spool.waiting], [1, 0])
  await broker.close()

  const next = before(open(path), service)
  await until(async () => service.entries.length === 1, 'a broker that takes larger ones has it')
  await next.close()
})

test('what is set aside and not taken comes again, with how often it came', async (t) => {
  const service = new MemoryService()
  const spool = open(folder(t))
  const broker = before(spool, service, narrow(service))
  await spool.append([large])
  const [first] = await take(broker, 1)
  await first?.batch.refuse(first.message, 'not now')

  const [again] = await take(broker, 1, { ack: true })
  assert.deepEqual([first?.message.deliveries, again?.message.deliveries], [1, 2])
  assert.equal(spool.aside, 0)
  await broker.close()
})

test('a refused message says how often it was lent', async (t) => {
  const spool = open(folder(t))
  await put(spool, [message('evt_1')])
  for (const deliveries of [1, 2, 3]) {
    const [came] = await take(spool, 1)
    assert.equal(came?.message.deliveries, deliveries)
    await came.batch.refuse(came.message, 'not now')
  }
  await spool.close()
})

test('a broker that says later what it takes is heard', async (t) => {
  const service = new MemoryService()
  const inner = new MemoryBroker(service)
  const broker = before(open(folder(t)), service, inner)
  Object.defineProperty(inner, 'traits', { value: { ...inner.traits, bodyBytesMax: 500 } })

  assert.equal(broker.traits.bodyBytesMax, 500)
  assert.equal((await broker.append([large]))[0]?.kind, 'too-large')
  await broker.close()
})

test('what lies on the disk when a process ends is brought to the broker by the next one', async (t) => {
  const path = folder(t)
  const service = new MemoryService()
  service.reach(false)
  const first = before(open(path), service)
  await put(first, messages('evt', 20))
  await first.close()
  service.reach(true)
  const second = before(open(path), service)

  assert.equal((await take(second, 20, { ack: true })).length, 20)
  await second.close()
})

test('two processes have a file each, and who stays takes over what the other left', async (t) => {
  const path = folder(t)
  const [one, other] = [open(path), open(path)]
  await put(one, messages('evt_one', 3))
  await put(other, messages('evt_other', 3))
  assert.equal(await one.adopt(), 0)
  await other.close()

  assert.equal(await one.adopt(), 3)
  assert.equal(await one.adopt(), 0)
  const came = await take(one, 6, { ack: true })
  assert.deepEqual(new Set(idsOf(came.map(({ message }) => message))).size, 6)
  await one.close()
})

test('what cannot be written is answered as not kept, and does not count as waiting', async (t) => {
  const path = folder(t)
  const file = SpoolFile.claim(join(path, 'spool-0.db'))
  assert.ok(file)
  const spool = new Spool(file, { path, clock: systemClock, log: silent })
  file.close()

  const [answer] = await spool.append([message('evt_1')])
  assert.equal(answer?.kind, 'not-durable')
  assert.equal(spool.waiting, 0)
  await spool.close()
})

test('a spool on a disk that goes with the machine is found wrong', async (t) => {
  const spool = openSpool({ path: folder(t), clock: systemClock, log: silent, ephemeral: 'Cloud Run' })

  const [finding] = await spool.check()
  assert.equal(finding?.level, 'wrong')
  assert.match(finding.what, /Cloud Run/)
  await spool.close()
})

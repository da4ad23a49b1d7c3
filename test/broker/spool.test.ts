import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { SpoolBefore } from '../../src/broker/spool/before.ts'
import { SpoolFile } from '../../src/broker/spool/file.ts'
import { openSpool, Spool } from '../../src/broker/spool.ts'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import { silent } from '../../src/core/service.ts'
import { idsOf, message, messages, put, take, until } from '../../src/testing/broker/promise.ts'
import { MemoryBroker, MemoryService } from '../conformance/memory-broker.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hookkeeper-spool-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

const open = (path: string): Spool => openSpool({ path, clock: systemClock, log: silent, lentMs: 1_000 })

const before = (spool: Spool, service: MemoryService, slowMs = 500) =>
  new SpoolBefore(new MemoryBroker(service), { spool, clock: systemClock, random: seeded(1), log: silent, slowMs })

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

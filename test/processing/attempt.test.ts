import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settled } from '../../src/core/clock.ts'
import { hasCode } from '../../src/core/errors.ts'
import { Dead, Later } from '../../src/core/outcome.ts'
import { busy } from '../../src/lock/lock.ts'
import type { HandlerContext } from '../../src/processing/context.ts'
import { event, gate, room } from './room.ts'

/** Longer than the default schedule lets two retries wait. */
const TWO_RETRIES_MS = 60_000

test('two handlers of which the second fails twice: the first ran once', async () => {
  const { clock, ledger, handlers, worker } = room()
  const ran = { first: 0, second: 0 }
  handlers.on('invoice.paid', { name: 'first' }, () => void ran.first++)
  handlers.on('invoice.paid', { name: 'second' }, () => {
    if (++ran.second < 3) throw new Error('not yet')
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(TWO_RETRIES_MS)
  await worker.stop()

  assert.deepEqual(ran, { first: 1, second: 3 })
  assert.equal(ledger.row(ref).state, 'done')
  assert.equal(ledger.row(ref).attempts, 3)
})

test('the first handler always throws: the second still ran, once, and the event is dead after its schedule', async () => {
  const { clock, ledger, handlers, worker, counts } = room()
  let second = 0
  handlers.on('*', { name: 'first', retry: { maxMs: 60_000 } }, () => {
    throw new Error('never')
  })
  handlers.on('invoice.*', { name: 'second' }, async () => void second++)

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(14 * 60_000)
  await worker.stop()

  assert.equal(second, 1)
  assert.deepEqual({ ...ledger.row(ref), dueAt: 0, fence: 0 }.reason, 'exhausted')
  assert.equal(ledger.row(ref).attempts, 15)
  assert.deepEqual(counts, { 'invoice.paid retry': 14, 'invoice.paid dead': 1 })
})

test('a handler that returned is remembered before the next one runs', async () => {
  const { clock, ledger, handlers, worker } = room()
  const second = gate()
  handlers.on('invoice.paid', { name: 'first' }, () => {})
  handlers.on('invoice.paid', { name: 'second' }, () => second.opened)

  const ref = ledger.add(event())
  await worker.start()
  await settled()

  assert.deepEqual(ledger.remembered(ref), { 'handler:first': true })
  second.open()
  await clock.advance(1)
  assert.deepEqual(ledger.settled[0]?.returned, ['first', 'second'])
})

test('an event that nobody handles, a twin and a body that is no JSON run no handler', async () => {
  const { ledger, handlers, worker } = room()
  let ran = 0
  handlers.on('invoice.paid', () => void ran++)

  ledger.add(event('charge.failed'))
  ledger.add(event('invoice.paid'), { twinOf: 'evt_0' })
  ledger.add(event('invoice.paid', { body: Buffer.from('{"id": "evt_torn", "secr') }))
  await worker.start()
  await settled()

  const reasons = ledger.outcomes().map(({ kind, reason }) => `${kind}/${reason}`)
  assert.deepEqual(reasons.sort(), ['dead/refused', 'done/twin', 'done/unhandled'])
  const dead = ledger.outcomes().find(({ kind }) => kind === 'dead')
  assert.equal(dead?.kind === 'dead' && dead.error?.code, 'body_not_json')
  assert.equal(ran, 0)
})

test('a Later costs no attempt, a Dead is the end', async () => {
  const { clock, ledger, handlers, worker } = room()
  let tries = 0
  handlers.on('invoice.paid', ({ id }) => {
    if (id === 'evt_dead') throw new Dead('never again')
    if (++tries < 4) throw new Later(60_000)
  })

  const later = ledger.add(event('invoice.paid', { id: 'evt_later' }))
  const dead = ledger.add(event('invoice.paid', { id: 'evt_dead' }))
  await worker.start()
  await settled()
  await clock.advance(10 * 60_000)

  assert.equal(ledger.row(later).state, 'done')
  assert.equal(ledger.row(later).attempts, 1)
  assert.equal(ledger.row(dead).reason, 'refused')
})

test('a time-out aborts the signal, settles five seconds later, and what comes late meets a stale fence', async () => {
  const { clock, ledger, handlers, worker } = room()
  const seen: { context: HandlerContext; aborted: boolean }[] = []
  handlers.on('invoice.paid', { timeoutMs: 1_000 }, async (_event, context) => {
    const one = { context, aborted: false }
    seen.push(one)
    context.signal.addEventListener('abort', () => {
      one.aborted = hasCode(context.signal.reason, 'handler_timeout')
    })
    await new Promise(() => {})
  })

  const ref = ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(999)
  assert.equal(seen[0]?.aborted, false)
  await clock.advance(1)
  assert.equal(seen[0]?.aborted, true)
  await clock.advance(4_999)
  assert.equal(ledger.settled.length, 0)
  await clock.advance(1)

  const outcome = ledger.outcomes()[0]
  assert.equal(`${outcome?.kind}/${outcome?.reason}`, 'retry/timeout')
  await clock.advance(60_000)
  const [first] = seen
  await assert.rejects(async () => first?.context.once('late', () => 1), { code: 'stale_lease' })
  await assert.rejects(async () => first?.context.transaction(() => 1), { code: 'stale_lease' })
  assert.equal(await ledger.remember({ ref, fence: first?.context.fence ?? 0 }, 'once:x/late', 1), false)
})

test('a handler that hears its signal settles as a time-out at once, even if it returns', async () => {
  const { clock, ledger, handlers, worker } = room()
  handlers.on('invoice.paid', { timeoutMs: 1_000 }, (_event, { signal }) => {
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  })

  ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(1_000)

  assert.equal(ledger.outcomes()[0]?.reason, 'timeout')
  assert.deepEqual(ledger.settled[0]?.returned, [])
})

test('a handler that hangs does not keep the next one from running, and the attempt ends within its lease', async () => {
  const { clock, ledger, handlers, worker } = room()
  const ran: string[] = []
  for (const name of ['hangs', 'hangs too', 'works']) {
    handlers.on('invoice.paid', { name, timeoutMs: 1_000 }, () => {
      ran.push(name)
      return name === 'works' ? undefined : new Promise<void>(() => {})
    })
  }

  ledger.add(event())
  await worker.start()
  await settled()
  await clock.advance(1_000 + 5_000 + 1_000)

  assert.deepEqual(ran, ['hangs', 'hangs too', 'works'])
  assert.equal(ledger.settled[0]?.answer, 'settled')
  assert.deepEqual(ledger.settled[0]?.returned, ['works'])
})

test('an attempt whose lease went to another runs nothing more and settles nothing', async () => {
  const { clock, ledger, handlers, worker } = room()
  const first = gate()
  let second = 0
  handlers.on('invoice.paid', { name: 'first' }, () => first.opened)
  handlers.on('invoice.paid', { name: 'second' }, () => void second++)
  const ref = ledger.add(event())
  await worker.start()
  await settled()

  ledger.steal(ref)
  first.open()
  await clock.advance(1)

  assert.equal(second, 0)
  assert.equal(ledger.settled.length, 0)
  assert.equal(ledger.row(ref).state, 'running')
})

test('a lock that somebody else holds costs no attempt', async () => {
  const held: string[] = []
  let taken = true
  const { clock, ledger, handlers, worker } = room({
    locks: {
      hold: async (name, _ttlMs, work) => {
        held.push(name)
        return taken ? busy : work(new AbortController().signal)
      },
    },
  })
  handlers.on('invoice.paid', () => {})

  const ref = ledger.add(event('invoice.paid', { lane: 'cus_1' }))
  await worker.start()
  await settled()
  assert.equal(ledger.row(ref).attempts, 0)
  taken = false
  await clock.advance(1_000)

  assert.deepEqual(held, ['lane:cus_1', 'lane:cus_1'])
  assert.equal(ledger.row(ref).state, 'done')
  assert.equal(ledger.row(ref).attempts, 1)
})

test('each outcome gives one line, and none holds a value from the body', async () => {
  const { clock, ledger, handlers, worker, lines } = room()
  const canary = 'canary-4f1c'
  const body = Buffer.from(JSON.stringify({ id: 'evt_c', type: 'invoice.paid', data: { object: { name: canary } } }))
  let tries = 0
  handlers.on('invoice.paid', (parsed) => {
    if (++tries < 3) throw new Error(`cannot book ${JSON.stringify(parsed)}`)
  })

  ledger.add(event('invoice.paid', { body }))
  await worker.start()
  await settled()
  await clock.advance(TWO_RETRIES_MS)

  assert.deepEqual(
    lines.map(({ level, fields }) => `${level} ${fields.outcome} ${fields.attempt}`),
    ['info retry 1', 'info retry 2', 'debug done 3'],
  )
  assert.ok(!JSON.stringify(lines).includes(canary))
  assert.ok(!JSON.stringify(ledger.outcomes()).includes(canary))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerError, type BrokerErrorKind, type Message } from '../../src/broker/broker.ts'
import { toMessage } from '../../src/ingestion/message.ts'
import { readEvent, toEnvelope } from '../../src/stripe/shapes.ts'
import { eventBody, given, NOW, signed } from './fixture.ts'

/** Keeps what it is given, but for the ids that it is told to answer otherwise. */
class MemoryAppends {
  readonly kept: Message[] = []
  readonly failing = new Map<string, BrokerErrorKind>()
  down = false

  async append(messages: readonly Message[]): Promise<(BrokerError | null)[]> {
    return messages.map((message) => {
      const kind = this.down ? 'unreachable' : this.failing.get(message.id)
      if (kind) return new BrokerError(kind, `memory: ${kind}`)
      this.kept.push(message)
      return null
    })
  }
}

const receiving = (intake: ReturnType<typeof given>['intake']) => (ids: readonly string[]) =>
  Promise.all(
    ids.map(async (id) => {
      const body = eventBody({ id, livemode: true })
      return (await intake.receive(body, signed(body), null)).status
    }),
  )

test('with a broker a 200 means that the broker has it, and the ledger is not asked', async () => {
  const broker = new MemoryAppends()
  const { intake, ledger, meter } = given({ broker })
  const body = eventBody({ id: 'evt_1', livemode: true })

  assert.equal((await intake.receive(body, signed(body), null)).status, 200)
  assert.deepEqual(
    broker.kept.map(({ id, key, attributes }) => ({ id, key, attributes })),
    [
      {
        id: 'evt_1',
        key: 'default:cus_1',
        attributes: { account: 'default', endpoint: 'default', received: String(NOW) },
      },
    ],
  )
  assert.deepEqual(Buffer.from(broker.kept[0]?.body ?? []), body)
  assert.equal(ledger.batches.length, 0)
  assert.deepEqual(meter.results, { 'default new': 1 })
})

test('a message that the broker does not take gets 503 by itself, and the door stays open', async () => {
  const broker = new MemoryAppends()
  broker.failing.set('evt_2', 'unreachable')
  const { intake, admission } = given({ broker })

  assert.deepEqual(await receiving(intake)(['evt_1', 'evt_2', 'evt_3']), [200, 503, 200])
  assert.equal(admission.state.append, 'works')
})

test('what is too large for the broker goes straight to the ledger', async () => {
  const broker = new MemoryAppends()
  broker.failing.set('evt_2', 'too-large')
  const { intake, ledger } = given({ broker })

  assert.deepEqual(await receiving(intake)(['evt_1', 'evt_2', 'evt_3']), [200, 200, 200])
  assert.deepEqual(
    ledger.admitted.map(({ id }) => id),
    ['evt_2'],
  )
})

test('a broker that takes nothing closes the door, and a probe opens it again', async () => {
  const broker = new MemoryAppends()
  broker.down = true
  const { intake, admission, log } = given({ broker })

  assert.deepEqual(await receiving(intake)(['evt_1', 'evt_2']), [503, 503])
  assert.equal(admission.state.append, 'failed')
  assert.ok(log.lines.some((line) => line.includes('unreachable')))
})

test('one id under two tenants is two messages, however long their names are', () => {
  const idOf = (account: string, over: object) => {
    const body = eventBody({ id: `evt_${'x'.repeat(200)}`, livemode: true, ...over })
    const reading = readEvent(body)
    assert.ok(reading.ok)
    return toMessage(toEnvelope(reading.event, { body, account, endpoint: account, via: 'webhook', mode: 'both' }), NOW)
      .id
  }
  const ids = [
    idOf('default', {}),
    idOf('eu', {}),
    idOf('default', { livemode: false }),
    idOf('default', { account: 'acct_1' }),
    idOf('default', { account: `acct_${'9'.repeat(100)}` }),
    idOf('default', { account: `acct_${'8'.repeat(100)}` }),
  ]

  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids.every((id) => id.length <= 255))
})

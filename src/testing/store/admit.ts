import assert from 'node:assert/strict'
import type { Tenant } from '../../core/event.ts'
import { dead, promised, retry } from '../scene.ts'

const DAY_MS = 86_400_000

/** Admitting: durable, once per tenant and id, nothing changed by a repeat. */
export const admitting = [
  promised('a new event is new, waits, and is ready at once', [], async (scene) => {
    const event = await scene.admit()

    assert.equal(await scene.state(event), 'waiting')
    assert.equal((await scene.ledger.backlog()).ready, 1)
  }),

  promised('the same id again is a repeat and changes nothing', [], async (scene) => {
    const event = await scene.admit()
    const before = await scene.entry(event)

    assert.deepEqual(await scene.ledger.admit([{ ...event, type: 'invoice.voided', lane: 'other' }]), ['repeat'])
    assert.deepEqual(await scene.entry(event), before)
  }),

  promised('the same id twice in one batch is new, then a repeat', [], async (scene) => {
    const event = scene.event()
    const other = scene.event()

    assert.deepEqual(await scene.ledger.admit([event, event, other]), ['new', 'repeat', 'new'])
    assert.equal((await scene.lease()).length, 2)
  }),

  promised('the same id a hundred times at once is one row', [], async (scene) => {
    const event = scene.event()
    const answers = await Promise.all(Array.from({ length: 100 }, () => scene.ledger.admit([event])))

    assert.equal(answers.flat().filter((answer) => answer === 'new').length, 1)
    assert.equal(answers.flat().filter((answer) => answer === 'repeat').length, 99)
    assert.equal((await scene.lease()).length, 1)
  }),

  promised('one id under two accounts, two Connect accounts or two modes is two events', [], async (scene) => {
    const tenant: Tenant = { account: 'default', connected: null, livemode: true }
    const tenants = [
      tenant,
      { ...tenant, account: 'eu' },
      { ...tenant, connected: 'acct_1' },
      { ...tenant, livemode: false },
    ]
    const answers = await scene.ledger.admit(tenants.map((tenant) => scene.event({ id: 'evt_same', tenant })))

    assert.deepEqual(answers, ['new', 'new', 'new', 'new'])
    const { data } = await scene.ledger.find({ id: 'evt_same', limit: 10 })
    assert.equal(data.length, 4)
    for (const tenant of tenants) assert.ok(data.some((entry) => sameTenant(entry.tenant, tenant)))
  }),

  promised('a repeat wakes neither a running nor a done nor a dead event', [], async (scene) => {
    const events = [await scene.admit(), await scene.admit(), await scene.admit()]
    const [, done, dying] = await scene.lease()
    await scene.settle(done!)
    await scene.settle(dying!, dead())

    assert.deepEqual(await scene.ledger.admit(events), ['repeat', 'repeat', 'repeat'])
    assert.deepEqual(await Promise.all(events.map((event) => scene.state(event))), [
      'running',
      'done worked',
      'dead refused',
    ])
    assert.deepEqual(await scene.lease(), [])
  }),

  promised('a repeat of an event in back-off does not bring it forward', [], async (scene) => {
    const event = await scene.admit()
    await scene.work(retry(3_600_000))

    assert.deepEqual(await scene.ledger.admit([event]), ['repeat'])
    assert.deepEqual(await scene.lease(), [])
  }),

  promised(
    'what claims to be created more than 400 days away is refused, and the rest of its batch is not',
    [],
    async (scene) => {
      const now = scene.clock.now()
      const past = scene.event({ createdAt: now - 401 * DAY_MS })
      const future = scene.event({ createdAt: now + 401 * DAY_MS })
      const fine = scene.event({ createdAt: now - 399 * DAY_MS })

      assert.deepEqual(await scene.ledger.admit([past, fine, future]), ['refused', 'new', 'refused'])
      assert.deepEqual(await scene.found({}), [fine.id])
    },
  ),

  promised(
    'what is only recorded is done at once, is never leased, and a repeat of it stays a repeat',
    [],
    async (scene) => {
      const event = await scene.admit({ as: 'record' })

      assert.equal(await scene.state(event), 'done recorded')
      assert.deepEqual(await scene.lease(), [])
      assert.deepEqual(await scene.ledger.admit([{ ...event, as: 'work' }]), ['repeat'])
      assert.deepEqual(await scene.lease(), [])
    },
  ),

  promised(
    'what is admitted as held waits, is counted as held, and is not leased until it is released',
    [],
    async (scene) => {
      const event = await scene.admit({ as: 'hold' })

      const { state, held } = await scene.entry(event)
      assert.equal(state, 'waiting')
      assert.notEqual(held, null)
      assert.deepEqual(await scene.lease(), [])
      assert.equal((await scene.ledger.backlog()).held, 1)

      assert.equal(await scene.move(event, 'release'), 1)
      assert.deepEqual(await scene.leasedIds(), [event.id])
    },
  ),

  promised('an empty batch is admitted as nothing', [], async (scene) => {
    assert.deepEqual(await scene.ledger.admit([]), [])
  }),
  ...keeping(),
]

/** What comes back of an event, and for how long. */
function keeping() {
  return [
    promised('bytes come back as they came, whatever they are', [], async (scene) => {
      const slab = Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 256))
      const bodies = [slab.subarray(100, 356), Buffer.from('{"pretty":\n  true}\r\n'), Buffer.from([0]), slab]
      const events = bodies.map((body) => scene.event({ body }))
      await scene.ledger.admit(events)

      for (const { event } of await scene.lease()) {
        assert.deepEqual(Buffer.from(event.body), events.find(({ id }) => id === event.id)!.body)
      }
      for (const event of events) {
        const story = await scene.ledger.open((await scene.entry(event)).ref)
        assert.deepEqual(Buffer.from(story!.body!), event.body)
      }
    }),

    promised('an entry says what its envelope said', [], async (scene) => {
      const said = {
        type: 'charge.succeeded',
        object: 'ch_1',
        customer: 'cus_1',
        lane: 'eu/acct_1/test:cus_1',
        endpoint: 'eu/orders',
      }
      const tenant = { account: 'eu', connected: 'acct_1', livemode: false }
      const event = await scene.admit({ ...said, tenant, via: 'sweep', apiVersion: null })

      const { ref: _, receivedAt, dueAt, ...entry } = await scene.entry(event)
      assert.ok(receivedAt <= scene.clock.now() && dueAt !== null && dueAt <= scene.clock.now())
      assert.deepEqual(entry, {
        ...{ ...said, tenant, id: event.id, via: 'sweep', apiVersion: null, createdAt: event.createdAt },
        ...{ state: 'waiting', held: null, attempts: 0, doneAt: null, reason: null, twinOf: null, release: null },
      })
    }),

    promised(
      'an object seen before keeps its lane, also when a later event does not name its customer',
      [],
      async (scene) => {
        await scene.admit({ object: 'in_1', lane: 'default:cus_1' })
        const later = await scene.admit({ object: 'in_1', lane: 'default:in_1' })
        const stranger = await scene.admit({
          ...{ object: 'in_1', lane: 'eu:in_1', tenant: { account: 'eu', connected: null, livemode: true } },
        })

        assert.equal((await scene.entry(later)).lane, 'default:cus_1')
        assert.equal((await scene.entry(stranger)).lane, 'eu:in_1')
        await scene.reopen('clean')
        assert.equal((await scene.entry(await scene.admit({ object: 'in_1', lane: 'x' }))).lane, 'default:cus_1')
      },
    ),

    promised('what was admitted survives a crash, and is a repeat after it', ['crash'], async (scene) => {
      const events = [await scene.admit(), await scene.admit({ as: 'record' }), await scene.admit({ as: 'hold' })]

      await scene.reopen('crash')

      assert.deepEqual(await scene.ledger.admit(events), ['repeat', 'repeat', 'repeat'])
      assert.deepEqual(await Promise.all(events.map((event) => scene.state(event))), [
        'waiting',
        'done recorded',
        'waiting',
      ])
      assert.deepEqual(await scene.leasedIds(), [events[0]!.id])
    }),

    promised('an id is known for 35 days after its event was done', ['clock'], async (scene) => {
      const event = await scene.admit()
      await scene.work()

      await scene.clock.advance(35 * DAY_MS)

      assert.deepEqual(await scene.ledger.admit([event]), ['repeat'])
      assert.equal(await scene.state(event), 'done worked')
    }),
  ]
}

const sameTenant = (a: Tenant, b: Tenant): boolean =>
  a.account === b.account && a.connected === b.connected && a.livemode === b.livemode

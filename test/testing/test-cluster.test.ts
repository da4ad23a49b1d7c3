import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Dead, Later } from '../../src/core/outcome.ts'
import { fixture, type Registration, type TestClusterOptions, testCluster } from '../../src/testing.ts'

async function cluster(t: TestContext, registration: Registration, options?: TestClusterOptions) {
  const made = await testCluster(registration, options)
  t.after(() => made.stop())
  return made
}

const HOUR = 3_600_000

test('an event goes through the real intake, its repeat is worked once, and a wrong signature is refused', async (t) => {
  const seen: string[] = []
  const { deliver, settled, events } = await cluster(t, { 'invoice.paid': ({ id }) => void seen.push(id) })
  const event = fixture('invoice.paid')

  await deliver([event, event])
  await settled()
  await deliver(event)
  await settled()

  assert.deepEqual(seen, [event.id])
  assert.equal((await events()).length, 1)
  await assert.rejects(deliver(event, { signature: 't=1,v1=00' }), /answered 400: .*signature/)
})

test('settled lets hours pass for retries, and the timeline tells of each attempt', async (t) => {
  const { deliver, settled, event, clock } = await cluster(t, {
    'invoice.paid': (_, { attempt }) => {
      if (attempt < 6) throw new Error('billing is down')
    },
  })
  const paid = fixture('invoice.paid')
  const startAt = clock.now()

  await deliver(paid)
  await settled()

  const { entry, timeline } = await event(paid.id)
  assert.equal(entry.state, 'done')
  assert.deepEqual(
    timeline.map((chapter) => chapter.kind === 'attempt' && chapter.outcome),
    ['retry', 'retry', 'retry', 'retry', 'retry', 'done'],
  )
  assert.ok(clock.now() - startAt < 24 * HOUR && clock.now() > startAt)
})

test('a dead letter, an unhandled type and what waits for a while come to their states', async (t) => {
  const { deliver, settled, events, advance } = await cluster(t, {
    'charge.refunded': () => {
      throw new Dead('no such order')
    },
    'invoice.paid': (_, { attempt }) => {
      if (attempt === 1) throw new Later(2 * HOUR)
    },
  })

  await deliver([fixture('charge.refunded'), fixture('customer.created'), fixture('invoice.paid')])
  await advance(HOUR)
  const states = async () => (await events()).map(({ type, state, reason }) => `${type} ${state} ${reason}`).sort()

  assert.deepEqual(await states(), [
    'charge.refunded dead refused',
    'customer.created done unhandled',
    'invoice.paid waiting null',
  ])
  await settled()
  assert.equal((await events({ state: 'waiting' })).length, 0)
})

test('transaction and once work, and what was written is there to read', async (t) => {
  const keys: string[] = []
  const { deliver, settled, db } = await cluster(t, (on) => {
    on.on('invoice.paid', async ({ data }, { once, transaction, attempt }) => {
      await once('mail', (key) => void keys.push(key))
      if (attempt === 1) throw new Error('once is remembered')
      await transaction((tables) => {
        tables.exec('create table paid (cents integer)')
        tables.prepare('insert into paid values (?)').run(data.object.amount_paid)
      })
    })
  })

  await deliver(fixture('invoice.paid', { amount_paid: 4900 }))
  await settled()

  assert.equal(keys.length, 1)
  assert.deepEqual({ ...db.prepare('select cents from paid').get() }, { cents: 4900 })
})

test('a handler that hangs is timed out in virtual time, and one that waits for something real is waited for', async (t) => {
  let aborted = false
  const { deliver, settled, event } = await cluster(t, {
    'invoice.paid': async (_, { signal, attempt }) => {
      if (attempt > 1) return pause(20)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted = true
      return undefined
    },
  })
  const paid = fixture('invoice.paid')

  await deliver(paid)
  await settled()

  assert.ok(aborted)
  const { timeline } = await event(paid.id)
  assert.deepEqual(
    timeline.map((chapter) => chapter.kind === 'attempt' && `${chapter.outcome} ${chapter.reason}`),
    ['retry timeout', 'done worked'],
  )
})

test('the same seed gives the same run', async (t) => {
  const run = async (seed: number) => {
    const { deliver, settled, clock } = await cluster(
      t,
      {
        'invoice.paid': (_, { attempt }) => {
          if (attempt < 4) throw new Error('no')
        },
      },
      { seed },
    )
    await deliver(fixture('invoice.paid', {}, { created: 1_767_225_600 }))
    await settled()
    return clock.now()
  }

  assert.equal(await run(3), await run(3))
  assert.notEqual(await run(3), await run(4))
})

test('what is no setting, and what is no pattern, is refused as a cluster refuses it', async () => {
  await assert.rejects(testCluster({}, { processing: { concurency: 3 } as never }), { code: 'config_unknown' })
  await assert.rejects(
    testCluster((on) => on.on('not a pattern', () => {})),
    { code: 'handler_invalid' },
  )
})

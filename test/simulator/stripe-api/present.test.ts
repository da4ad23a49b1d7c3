import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../../src/core/random.ts'
import { DAY } from '../../../src/simulator/calendar.ts'
import { type SimulatedEvent, simulatedEvent } from '../../../src/simulator/event.ts'
import { type Delivery, unruly } from '../../../src/simulator/faults.ts'
import { ACCOUNT, createMerchant } from '../../../src/simulator/merchant.ts'
import { stream } from '../../../src/simulator/stream.ts'
import { createRecords } from '../../../src/simulator/stripe-api/records.ts'
import { objectOf } from '../reading.ts'
import { busy, seed, startAt } from './open.ts'

// Of these every change is told; of others, some are silent.
const TOLD = new Set(['charge', 'invoice', 'payment_intent', 'subscription'])

/** A merchant whose deliveries leave one by one, and what can be read of it after each. */
function* life({ days = 40, count = Number.POSITIVE_INFINITY, eventsMax = 100_000 }) {
  let presentAt = startAt
  const records = createRecords({ account: ACCOUNT, now: () => presentAt, count, eventsMax })
  const merchant = createMerchant({ seed, startAt, business: busy, onChange: records.change })
  const made: SimulatedEvent[] = []
  const onPlan = (deliveries: readonly Delivery[]) => {
    const events = new Set(deliveries.map(({ event }) => event))
    made.push(...events)
    records.tell(events)
  }
  const beyond = { untilAt: startAt + days * DAY, count, faults: unruly, random: seeded(seed) }
  for (const delivery of stream({ merchant, startAt, onPlan, ...beyond })) {
    presentAt = Math.max(presentAt, delivery.at)
    yield { made, presentAt, shelf: () => records.shelf(ACCOUNT), records, merchant }
  }
}

/** What these are about can be read afterwards: a customer as deleted, a subscription as canceled. */
const REMEMBERED = new Set(['customer.deleted', 'customer.subscription.deleted'])

test('at any moment an object is what the events so far say, and no event is listed before it happened', () => {
  const last = new Map<string, SimulatedEvent>()
  let [known, compared] = [0, 0]
  for (const { made, presentAt, shelf } of life({})) {
    const touched = new Set<string>()
    for (; known < made.length && made[known]!.at <= presentAt; known++) {
      const event = made[known]!
      if (event.object !== null && TOLD.has(objectOf(event)['object'])) touched.add(event.object)
      if (event.object !== null) last.set(event.object, event)
    }
    for (const id of touched) {
      const event = last.get(id)!
      const gone = event.type.endsWith('.deleted') && !REMEMBERED.has(event.type)
      const wanted = gone ? undefined : objectOf(event)
      assert.deepEqual(shelf()?.find(id) ?? undefined, wanted, `seed ${seed}: ${id} at ${presentAt}`)
      compared++
    }
    if (touched.size > 0) assert.equal(shelf()?.events()[0]?.['id'], made[known - 1]?.id)
  }
  assert.ok(compared > 500, String(compared))
})

test('after so many events nothing is shown that none of them told', () => {
  for (const count of [97, 98, 99, 100, 101, 102]) {
    const end = [...life({ count })].at(-1)!
    const told = new Map(end.made.slice(0, count).map((event) => [event.object, event]))
    const shown = [...TOLD].flatMap((kind) => end.shelf()?.all(kind) ?? [])

    assert.ok(shown.length > 20)
    for (const object of shown) {
      const event = told.get(String(object['id']))
      if (event) assert.deepEqual(object, objectOf(event), `seed ${seed}, ${count} events`)
      // Established subscriptions were there before; whatever else there is was told of.
      else assert.equal(object['object'], 'subscription')
    }
  }
})

test('no more events are kept than there may be, the newest', () => {
  const end = [...life({ eventsMax: 50 })].at(-1)!

  assert.deepEqual(
    end
      .shelf()
      ?.events()
      .map(({ id }) => id),
    end.made
      .slice(-50)
      .map(({ id }) => id)
      .reverse(),
  )
})

test('a connected account shows its own, and the platform its own', () => {
  const records = createRecords({ account: ACCOUNT, now: () => startAt })
  const connected = { id: 'acct_1Connected', object: 'account', created: 1 }
  const charge = { id: 'ch_connected', object: 'charge', created: 1 }
  const happened = { type: 'charge.succeeded', at: startAt, previous: null, request: null, livemode: false }
  const event = simulatedEvent({ id: 'evt_connected', object: charge, ...happened })
  records.change({ account: ACCOUNT, at: startAt, told: 0, id: connected.id, object: connected })
  records.change({ account: connected.id, at: startAt, told: 0, id: charge.id, object: charge })
  records.tell([{ ...event, json: { ...event.json, account: connected.id } }])

  assert.deepEqual(records.shelf(connected.id)?.find(charge.id), charge)
  assert.deepEqual(
    records
      .shelf(connected.id)
      ?.events()
      .map(({ id }) => id),
    ['evt_connected'],
  )
  assert.deepEqual(records.shelf(connected.id)?.find(connected.id), connected)
  assert.deepEqual(records.shelf(ACCOUNT)?.all('charge'), [])
  assert.deepEqual(records.shelf(ACCOUNT)?.events(), [])
  assert.equal(records.shelf('acct_1Nobody'), undefined)
})

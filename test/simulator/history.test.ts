import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY } from '../../src/simulator/calendar.ts'
import { createMerchant } from '../../src/simulator/merchant.ts'
import { type Fields, objectOf, previousOf } from './reading.ts'

const startAt = Date.UTC(2026, 10, 24, 9, 30)
const lively = {
  customers: 60,
  growthPerDay: 3,
  trialShare: 0.4,
  failureShare: 0.3,
  changeShare: 0.3,
  cancelShare: 0.2,
  connectedAccounts: 2,
}
const everything = createMerchant({ seed: 9, startAt, business: { ...lively, refundShare: 0.2 } }).advance(
  startAt + 120 * DAY,
)

test('what an update says was before is what the event before it said', () => {
  const seen = new Map<string, { now: Fields; before: Fields | null }>()
  let compared = 0
  for (const event of everything) {
    const told = previousOf(event)
    if (told)
      assert.match(
        event.type,
        /\.updated$|\.automatically_updated$|^charge\.(refunded|captured)$|^payment_method\.detached$/,
      )
    if (event.object === null) continue
    // Several events may tell of one change; they hold one object.
    const key = `${event.account}${event.object}${objectOf(event)['object']}`
    const last = seen.get(key)
    const now = objectOf(event)
    const before = last?.now === now ? last.before : (last?.now ?? null)
    seen.set(key, { now, before })
    if (!told || !before || now['object'] === 'customer') continue
    assert.deepEqual(filled(restored(now, told)), filled(before), `${event.type} ${event.id}`)
    compared++
  }
  assert.ok(compared > 200)
})

/** Without nulls: of a key that was not there before, Stripe tells null. */
const filled = (value: Fields): Fields => JSON.parse(JSON.stringify(value, (_key, inner) => inner ?? undefined))

/** The object with its previous attributes put back. */
function restored(now: Fields, told: Fields): Fields {
  const before = { ...now }
  for (const [key, old] of Object.entries(told)) {
    const nested = old !== null && typeof old === 'object' && !Array.isArray(old) && now[key] !== null
    before[key] = nested ? restored(now[key], old) : old
  }
  return before
}

const ALLOWED: Record<string, readonly string[]> = {
  trialing: ['trialing', 'active', 'paused', 'canceled'],
  paused: ['paused', 'active', 'canceled'],
  active: ['active', 'past_due', 'canceled'],
  past_due: ['past_due', 'active', 'unpaid', 'canceled'],
  unpaid: ['unpaid', 'active', 'canceled'],
  canceled: [],
}

test('a subscription goes only ways that Stripe allows, and nothing comes after its end', () => {
  const status = new Map<string, string>()
  const seen = new Set<string>()
  for (const event of everything) {
    if (!event.type.startsWith('customer.subscription.')) continue
    const from = status.get(event.object!)
    const to = objectOf(event)['status']
    if (from) assert.ok(ALLOWED[from]!.includes(to), `${event.object}: ${from} -> ${to}`)
    if (event.type === 'customer.subscription.created') assert.equal(from, undefined)
    status.set(event.object!, to)
    seen.add(to)
  }
  assert.deepEqual(seen, new Set(Object.keys(ALLOWED)))
})

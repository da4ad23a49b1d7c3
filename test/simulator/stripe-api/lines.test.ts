import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../../src/core/random.ts'
import { ACCOUNT } from '../../../src/simulator/merchant.ts'
import { customer } from '../../../src/simulator/objects/customer.ts'
import { draftInvoice } from '../../../src/simulator/objects/invoice.ts'
import { chargedFor } from '../../../src/simulator/objects/line.ts'
import { defaultOffers, price, product } from '../../../src/simulator/objects/price.ts'
import { createWorld } from '../../../src/simulator/world.ts'
import { open, startAt } from './open.ts'

test('of a long invoice ten lines are shown, and all of them are listed', async () => {
  const { served, stripe, close } = await open(1)
  try {
    const { onChange } = served
    const world = createWorld({ random: seeded(3), account: ACCOUNT, livemode: false, startAt, onChange })
    const offer = defaultOffers[0]!
    const sold = price(world, offer, world.add(product(world, offer)))
    const period = { start: 1, end: 2 }
    const draft = draftInvoice(world, {
      customer: world.add(customer(world)),
      subscription: { id: 'sub_long', currency: 'usd', metadata: {} },
      subscriptionItem: 'si_long',
      reason: 'subscription_cycle',
      charged: Array.from({ length: 23 }, (_, n) => chargedFor({ ...sold, unit_amount: n }, period)),
      period,
    })
    world.add(draft)

    const shown = await stripe.invoices.retrieve(draft.id)
    assert.deepEqual([shown.lines.data.length, shown.lines.has_more], [10, true])
    const lines = await stripe.invoices.listLineItems(draft.id, { limit: 4 }).autoPagingToArray({ limit: 100 })
    assert.deepEqual(
      lines.map(({ amount }) => amount),
      Array.from({ length: 23 }, (_, n) => n),
    )
  } finally {
    await close()
  }
})

import type { Handler } from '../../../src/processing/handlers.ts'
import { fixture } from '../../../src/testing.ts'
import { over, type Planted, Table } from './world.ts'

type Updated = Handler<'customer.subscription.updated'>
const TYPE = 'customer.subscription.updated'

// The customer clicks twice: two changes in one second.
const SECOND = { created: 1_767_300_000 }
const basic = fixture(TYPE, { id: 'sub_1', customer: 'cus_1', metadata: { plan: 'basic' } }, SECOND)
const large = fixture(TYPE, { id: 'sub_1', customer: 'cus_1', metadata: { plan: 'large' } }, SECOND)

const plans = new Table<{ plan: string | undefined; created: number }>()
/** Stripe has the object as it is now, whoever asks about which event. */
const stripe = { subscription: async (_id: string) => large.data.object }

const broken: Updated = async ({ created, data: { object } }) => {
  const known = await plans.get(object.id)
  if (known && known.created > created) return
  await plans.put(object.id, { plan: object.metadata['plan'], created })
}

const mended: Updated = async ({ created, data: { object } }) => {
  const now = await stripe.subscription(object.id)
  await plans.put(object.id, { plan: now.metadata['plan'], created })
}

export const planted: Planted = {
  broken: { tried: { [TYPE]: broken }, options: over({ plans }, { events: [basic, large] }) },
  mended: {
    tried: { [TYPE]: mended },
    options: over({ plans }, { events: [basic, large], outside: { plans, stripe } }),
  },
  says: [/a later one was done/, /plans\.sub_1\.plan: "large" in a clean pass, "basic" now/, /whole seconds/],
}

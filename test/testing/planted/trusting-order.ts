import type { Handler } from '../../../src/processing/handlers.ts'
import { over, type Planted, Table } from './world.ts'

const subscriptions = new Table<string>()

const broken: Handler<'customer.subscription.*'> = async ({ data: { object } }) => {
  await subscriptions.put(object.id, object.status)
}

const mended: Handler<'customer.subscription.*'> = async ({ data: { object } }, { stale }) => {
  if (!stale) await subscriptions.put(object.id, object.status)
}

export const planted: Planted = {
  broken: { tried: { 'customer.subscription.*': broken }, options: over({ subscriptions }) },
  mended: { tried: { 'customer.subscription.*': mended }, options: over({ subscriptions }) },
  says: [/a later one was done/, /subscriptions\.sub_\w+: "\w+" in a clean pass, "\w+" now/, /context\.stale/],
}

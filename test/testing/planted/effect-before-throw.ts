import type { Handler } from '../../../src/processing/handlers.ts'
import { Journal, over, type Planted, Table } from './world.ts'

const notices = new Journal<string>()
const noticed = new Table<string>()
const users = new Table<string>()

const broken: Handler<'customer.created' | 'invoice.payment_failed'> = async ({ type, id, data: { object } }) => {
  if (type === 'customer.created') return users.put(object.id ?? '', 'known')
  if (await noticed.get(id)) return
  await notices.insert(`payment of ${object.id} failed`)
  if (!(await users.get(customerOf(object)))) throw new Error('nobody of that name')
  await noticed.put(id, 'sent')
}

const mended: typeof broken = async ({ type, id, data: { object } }) => {
  if (type === 'customer.created') return users.put(object.id ?? '', 'known')
  if (!(await users.get(customerOf(object)))) throw new Error('nobody of that name')
  await noticed.put(id, `payment of ${object.id} failed`)
}

const customerOf = (object: object): string => String((object as { customer?: unknown }).customer)
const TYPES = ['customer.created', 'invoice.payment_failed'] as const

export const planted: Planted = {
  broken: { tried: broken, options: over({ notices, noticed, users }, { on: TYPES }) },
  mended: { tried: mended, options: over({ noticed, users }, { on: TYPES }) },
  says: [/notices: "payment of in_\w+ failed" once in a clean pass, twice now/, /what ran before the throw ran again/],
}

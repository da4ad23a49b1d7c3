import type { Handler } from '../../../src/processing/handlers.ts'
import { Mailer, over, type Planted, Table } from './world.ts'

const orders = new Table<string>()
const mailer = new Mailer()

const broken: Handler<'checkout.session.completed'> = async ({ data: { object } }) => {
  if (await orders.get(object.id)) return
  await mailer.send(`thank you for ${object.id}`)
  await orders.put(object.id, 'paid')
}

const mended: Handler<'checkout.session.completed'> = async ({ data: { object } }, { once }) => {
  await orders.put(object.id, 'paid')
  await once('thanks', (key) => mailer.send(`thank you for ${object.id}`, key))
}

export const planted: Planted = {
  broken: { tried: { 'checkout.session.completed': broken }, options: over({ orders, mailer }) },
  mended: { tried: { 'checkout.session.completed': mended }, options: over({ orders, mailer }) },
  says: [/mailer: "thank you for cs_\w+" once in a clean pass, twice now/, /orders\.put \(failed\)/],
}

import type { Handler } from '../../../src/processing/handlers.ts'
import { Journal, over, type Planted, Table } from './world.ts'

const paid = new Journal<{ invoice: string | undefined; cents: number }>()
const paidOnce = new Table<number>()

const broken: Handler<'invoice.paid'> = async ({ data: { object } }) => {
  await paid.insert({ invoice: object.id, cents: object.amount_paid })
}

const mended: Handler<'invoice.paid'> = async ({ id, data: { object } }) => {
  await paidOnce.put(id, object.amount_paid)
}

export const planted: Planted = {
  broken: { tried: { 'invoice.paid': broken }, options: over({ paid }) },
  mended: { tried: { 'invoice.paid': mended }, options: over({ paidOnce }) },
  says: [/worked again/, /paid: .* once in a clean pass, twice now/, /unique row/],
}

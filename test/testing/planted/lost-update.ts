import type { Handler } from '../../../src/processing/handlers.ts'
import { over, type Planted, Table } from './world.ts'

interface Month {
  readonly cents: number
  readonly events: readonly string[]
}

const months = new Table<Month>()
const withEvent = ({ cents, events }: Month = { cents: 0, events: [] }, id: string, paid: number): Month =>
  events.includes(id) ? { cents, events } : { cents: cents + paid, events: [...events, id] }

const broken: Handler<'invoice.paid'> = async ({ id, data: { object } }, { signal }) => {
  const month = await months.get('all')
  signal.throwIfAborted()
  await months.put('all', withEvent(month, id, object.amount_paid))
}

const mended: Handler<'invoice.paid'> = async ({ id, data: { object } }) => {
  await months.change('all', (month) => withEvent(month, id, object.amount_paid))
}

export const planted: Planted = {
  broken: { tried: { 'invoice.paid': broken }, options: over({ months }) },
  mended: { tried: { 'invoice.paid': mended }, options: over({ months }) },
  says: [/several customers are worked at the same time/, /months\.all\./, /one statement/],
}

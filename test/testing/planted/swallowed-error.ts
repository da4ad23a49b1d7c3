import type { Handler } from '../../../src/processing/handlers.ts'
import { over, type Planted, Table } from './world.ts'

const contacts = new Table<string>()

const broken: Handler<'customer.created'> = async ({ data: { object } }, { log }) => {
  try {
    await contacts.put(object.id, 'new')
  } catch {
    log.warn({}, 'the CRM is down')
  }
}

const mended: Handler<'customer.created'> = async ({ data: { object } }) => {
  await contacts.put(object.id, 'new')
}

export const planted: Planted = {
  broken: { tried: { 'customer.created': broken }, options: over({ contacts }) },
  mended: { tried: { 'customer.created': mended }, options: over({ contacts }) },
  says: [/contacts\.cus_\w+: "new" in a clean pass, nothing now/, /contacts\.put \(failed\), returned/, /let it throw/],
}

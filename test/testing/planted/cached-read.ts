import type { Handler } from '../../../src/processing/handlers.ts'
import type { Starting } from '../../../src/testing.ts'
import { over, type Planted, Table } from './world.ts'

/** Invoices of a customer, each once. */
type Account = readonly string[]

const accounts = new Table<Account>()
const paid = (account: Account, invoice: string): Account => [...new Set([...account, invoice])].sort()

const broken: Starting = {
  start(cluster) {
    const cache = new Map<string, Account>()
    const handler: Handler<'invoice.paid'> = async ({ data: { object } }) => {
      const customer = String(object.customer)
      const account = paid(cache.get(customer) ?? (await accounts.get(customer)) ?? [], String(object.id))
      cache.set(customer, account)
      await accounts.put(customer, account)
    }
    cluster.on('invoice.paid', handler)
  },
}

const mended: Starting = {
  start(cluster) {
    cluster.on('invoice.paid', async ({ data: { object } }) => {
      await accounts.change(String(object.customer), (account = []) => paid(account, String(object.id)))
    })
  },
}

export const planted: Planted = {
  broken: { tried: broken, options: over({ accounts }) },
  mended: { tried: mended, options: over({ accounts }) },
  says: [/two processes take turns/, /accounts\.cus_\w+: "in_\w+" once in a clean pass, never now/, /read it there/],
}

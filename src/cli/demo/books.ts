import { DatabaseSync } from 'node:sqlite'
import type { HandlerContext } from '../../processing/context.ts'

/** Minor units. */
export interface Payment {
  readonly currency: string
  readonly amount: number
}

/** Where the shop books what it was paid. The row, and the memory that it was written, commit together: each payment counts once. */
export interface Books {
  book(payment: Payment, context: Pick<HandlerContext, 'transaction' | 'settleIn'>): Promise<void>
  /** What was booked, by currency. Asked when the cluster has stopped. */
  booked(): Promise<Record<string, number>>
}

/** In the ledger's own file. */
export const sqliteBooks = (path: string): Books => ({
  book: ({ currency, amount }, { transaction }) =>
    transaction((db) => {
      db.exec(TABLE)
      db.prepare(SUM).run(currency, amount)
    }),
  async booked() {
    const db = new DatabaseSync(path)
    try {
      db.exec(TABLE)
      const rows = db.prepare('select currency, amount from demo_revenue').all() as unknown as Payment[]
      return Object.fromEntries(rows.map(({ currency, amount }) => [currency, amount]))
    } finally {
      db.close()
    }
  },
})

const TABLE = 'create table if not exists demo_revenue (currency text primary key, amount integer not null)'
const SUM = 'insert into demo_revenue values (?, ?) on conflict do update set amount = amount + excluded.amount'

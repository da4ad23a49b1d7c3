import { Pool } from 'pg'

// Your tables, in the database in which the ledger is: what a handler writes and the ledger's memory of it commit together.
export const shop = new Pool({ connectionString: process.env.DATABASE_URL, max: 4 })

shop.on('connect', (client) => client.on('error', () => {})) // a connection that breaks is replaced by the next
shop.on('error', () => {})

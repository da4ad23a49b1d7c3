import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import type Stripe from 'stripe'
import type { Cluster, HandlerContext } from '../../../src/index.ts'

/** What a new release does with recorded events: well, badly, or in ways that a rehearsal does not go along with. */
export default (cluster: Cluster): void => {
  cluster.on('invoice.paid', async (event, { transaction }) => {
    await transaction((db) => {
      db.exec('create table if not exists paid (event text primary key)')
      db.prepare('insert into paid values (?) on conflict do nothing').run(event.id)
    })
  })
  cluster.on('charge.failed', () => {})
  cluster.on('customer.created', (event) => {
    throw new TypeError(`no such customer: ${(event.data.object as { email?: string }).email}`)
  })
  cluster.on('invoice.created', async (_event, { once }) => {
    if ((await once('mail', () => 'sent anew')) !== 'sent before') throw new Error('not what was remembered')
  })
  cluster.on('customer.deleted', () => process.exit(1))
  cluster.on('customer.updated', () => new Promise(() => {}))
  cluster.on('payout.paid', reachOut)
  cluster.on('refund.created', async (event, { transaction }) => {
    await transaction((db) => db.prepare('insert into seen values (?)').run(event.id))
  })
}

// A module may keep its process alive for ever.
setInterval(() => {}, 60_000)

const TARGET = process.env['TARGET'] ?? ''

async function reachOut(event: Stripe.Event, { once }: HandlerContext): Promise<unknown> {
  const ways: readonly (() => unknown)[] = [
    () => fetch(TARGET),
    () => fetch(TARGET).catch(() => {}),
    () => void fetch(TARGET),
    () => new Promise((_, reject) => get(TARGET).on('error', reject)),
    () => new Promise((_, reject) => connect(Number(new URL(TARGET).port), '127.0.0.1').on('error', reject)),
    () => lookup('example.com'),
    () => spawn('true'),
    () => writeFileSync('effect.txt', 'done'),
    () => once('not remembered', () => fetch(TARGET)),
  ]
  return await ways[Number(event.id.split('_').at(-1)) % ways.length]?.()
}

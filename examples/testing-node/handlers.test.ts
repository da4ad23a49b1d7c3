import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixture, prove, testCluster } from 'hookkeeper/testing'
import { register } from './handlers.ts'

/** A mailer of the tests: it honours keys, as the real one does. */
const sent = new Map<string, string>()
const mailer = {
  async send({ to, key }: { to: string; key: string }) {
    sent.set(key, to)
  },
}

test('a session that is delivered twice is booked once, and thanked for once', async () => {
  sent.clear()
  const cluster = await testCluster((on) => register(on, mailer))
  const session = fixture('checkout.session.completed', {
    amount_total: 4900,
    customer_details: { email: 'ada@example.com' },
  })

  await cluster.deliver([session, session])
  await cluster.settled()

  assert.equal((await cluster.event(session.id)).entry.state, 'done')
  assert.deepEqual(
    cluster.db
      .prepare('select cents from orders')
      .all()
      .map(({ cents }) => cents),
    [4900],
  )
  assert.deepEqual([...sent.values()], ['ada@example.com'])
  await cluster.stop()
})

test('whatever happens on the way, the books and the mails are the same', async () => {
  await prove(
    { start: (cluster) => register(cluster, mailer) },
    {
      outside: { mailer },
      reset: ({ db }) => {
        db.exec('create table if not exists orders (session text primary key, cents integer)')
        sent.clear()
      },
      state: ({ db }) => ({ mails: [...sent.values()], orders: db.prepare('select * from orders').all() }),
    },
  )
})

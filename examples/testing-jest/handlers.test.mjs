import { expect, test } from '@jest/globals'
import { fixture, prove, testCluster } from 'hookkeeper/testing'
import { register } from './handlers.mjs'

/** A mailer of the tests: it honours keys, as the real one does. */
const sent = new Map()
const mailer = {
  async send({ to, key }) {
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

  expect((await cluster.event(session.id)).entry.state).toBe('done')
  expect(cluster.db.prepare('select cents from orders').all()).toEqual([{ cents: 4900 }])
  expect([...sent.values()]).toEqual(['ada@example.com'])
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
}, 60_000)

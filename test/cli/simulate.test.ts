import assert from 'node:assert/strict'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import Stripe from 'stripe'
import { receiver } from '../simulator/receiver.ts'
import { child, hookkeeper } from './run.ts'

const secret = 'whsec_of_a_test_of_the_command_line'

test('simulate serves the Stripe API that it prints, while it delivers and until its time is over', async () => {
  const server = await receiver((_received, response) => response.writeHead(200).end())
  const flags = ['--to', server.url, '--secret', secret, '--port', '0', '--rate', '500', '--count', '20', '--for', '2m']
  const started = child(['simulate', ...flags], { cwd: tmpdir() })
  try {
    const [told] = await once(started.stderr.setEncoding('utf8'), 'data')
    const { hostname, port } = new URL(String(/STRIPE_API_BASE=(http:\S+)/.exec(told)?.[1]))
    const stripe = new Stripe('sk_test_x', { host: hostname, port: Number(port), protocol: 'http', telemetry: false })
    let events: Stripe.Event[] = []
    while (events.length < 20) ({ data: events } = await stripe.events.list({ limit: 100, delivery_success: true }))

    assert.equal(events.length, 20)
  } finally {
    started.kill('SIGINT')
    const [code] = await once(started, 'close')
    await server.close()
    assert.equal(code, 0)
  }
})

test('simulate says in a sentence that its port is taken, or is none', async () => {
  const server = await receiver((_received, response) => response.writeHead(200).end())
  const { port } = new URL(server.url)
  const simulate = (written: string) =>
    hookkeeper(['simulate', '--to', server.url, '--secret', secret, '--port', written, '--count', '1'], {
      cwd: tmpdir(),
    })
  try {
    const taken = await simulate(port)
    assert.equal(taken.code, 2)
    assert.match(taken.err, new RegExp(`Port ${port} is taken by another process. Stop it, or set --port`))
    assert.match((await simulate('70000')).err, /70000 is no port/)
  } finally {
    await server.close()
  }
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { VirtualClock } from '../../../src/core/clock.ts'
import { seeded } from '../../../src/core/random.ts'
import { silent } from '../../../src/core/service.ts'
import { type SimulateOptions, simulate } from '../../../src/simulator/simulate.ts'
import { blocksIn } from '../../docs/code.ts'
import { drive } from '../drive.ts'
import { receiver } from '../receiver.ts'
import { client, startAt } from './open.ts'

/** A simulation with its API, up to the last delivery. */
async function simulated(options: Partial<SimulateOptions>, refuses: (nth: number) => boolean = () => false) {
  const clock = new VirtualClock(startAt)
  let nth = 0
  const server = await receiver((_received, response) => response.writeHead(refuses(nth++) ? 500 : 200).end())
  const basics = {
    to: server.url,
    secrets: ['whsec_simulated'],
    clock,
    random: seeded(6),
    log: silent,
    seed: 8,
    port: 0,
  }
  const simulation = simulate({ ...basics, business: { customers: 30 }, ...options })
  const stripe = client(String(await simulation.apiUrl))
  const report = await drive(clock, () => simulation.stats().inFlight, simulation.done)
  return {
    ...{ simulation, stripe, report, url: server.url },
    async close() {
      await simulation.stop()
      await server.close()
    },
  }
}

test('what was dropped is listed, and the list knows what was delivered', async () => {
  const shop = await simulated(
    { count: 150, rate: 500, faults: { dropped: 0.2 }, retriesMs: [] },
    (nth) => nth % 9 === 0,
  )
  try {
    const { report, stripe, simulation } = shop
    const list = async (params: object) =>
      (await stripe.events.list({ limit: 100, ...params }).autoPagingToArray({ limit: 1000 }))
        .map(({ id }) => id)
        .sort()

    assert.ok(report.dropped.size > 10 && report.gaveUp.size > 10)
    assert.equal((await list({})).length, 150)
    assert.deepEqual(await list({ delivery_success: true }), [...report.accepted].sort())
    assert.deepEqual(await list({ delivery_success: false }), [...report.dropped, ...report.gaveUp].sort())
    assert.ok(simulation.truth().length < 150)
    assert.equal((await stripe.webhookEndpoints.list()).data[0]?.url, shop.url)
  } finally {
    await shop.close()
  }
})

test('at a speed the present is where the clock is', async () => {
  const shop = await simulated({ count: 40, speed: 3600 })
  try {
    const events = await shop.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 })

    assert.deepEqual(events.map(({ id }) => id).sort(), [...shop.report.accepted].sort())
  } finally {
    await shop.close()
  }
})

test('the API answers until the simulation is stopped', async () => {
  const shop = await simulated({ count: 5, rate: 500 })
  try {
    assert.equal((await shop.stripe.events.list()).data.length, 5)
  } finally {
    await shop.close()
  }

  await assert.rejects(shop.stripe.events.list(), { type: 'StripeConnectionError' })
})

test('where the port is taken, nothing is sent', async () => {
  const shop = await simulated({ count: 5, rate: 500 })
  try {
    const port = Number(new URL(String(await shop.simulation.apiUrl)).port)
    const basics = { to: shop.url, secrets: ['whsec_simulated'], clock: new VirtualClock(startAt), log: silent }
    const second = simulate({ ...basics, random: seeded(6), port })

    await assert.rejects(second.done, { code: 'port_taken' })
    await assert.rejects(second.apiUrl, { code: 'port_taken' })
    assert.equal(second.stats().sent, 0)
  } finally {
    await shop.close()
  }
})

test('the example of the document runs as it is written', async () => {
  const shop = await simulated({ count: 300, rate: 500 })
  try {
    const [example] = blocksIn(await readFile('docs/simulated-api.md', 'utf8')).filter(
      ({ language }) => language === 'js',
    )
    const { port } = new URL(String(await shop.simulation.apiUrl))
    const code = String(example?.code).replace('4244', port)
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code])
    const told = stdout.trim().split('\n')
    const invoices = shop.simulation.truth().filter(({ type }) => type.startsWith('invoice.'))

    assert.ok(invoices.length > 10)
    assert.deepEqual(told.sort(), invoices.map(({ id, type }) => `${id} ${type}`).sort())
  } finally {
    await shop.close()
  }
})

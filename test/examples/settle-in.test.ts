import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/core/clock.ts'
import { seeded } from '../../src/core/random.ts'
import type { HandlerContext } from '../../src/processing/context.ts'
import { createHandlers, type Handlers } from '../../src/processing/handlers.ts'
import { effectsTx } from '../../src/processing/tx.ts'
import { Worker } from '../../src/processing/worker.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { collecting, event, type Line, policy } from '../processing/room.ts'
import { clients, prisma } from '../services/clients.ts'
import { HANDS, type Hand, prismaHand } from './clients/hands.ts'
import { postgresShop } from './clients/shops.ts'

const hands = [
  ...Object.entries(HANDS).map(([name, make]) => ({
    ...{ name, skip: clients.skip },
    make: async (url: string) => make(await clients.ready(), url),
  })),
  { name: 'Prisma', skip: prisma.skip, make: async (url: string) => prismaHand(await prisma.ready(), url) },
]

for (const { name, skip, make } of hands) {
  const promised = (promise: string, trial: (scene: Scene) => Promise<void>) =>
    test(`${name}: ${promise}`, { skip: skip || postgresShop.skip }, async (t) => trial(await scene(t, make)))

  promised('its writes and done are one commit', async ({ handlers, book, work, bookings }) => {
    handlers.on('invoice.paid', (_event, context) => book(context))

    assert.deepEqual(await work(), ['done'])
    assert.equal(await bookings(), 1)
  })

  promised(
    'what was rolled back is tried again, though its handler returned',
    async ({ handlers, book, work, bookings }) => {
      handlers.on('invoice.paid', async (_event, context) => {
        if (context.attempt > 1) return book(context)
        await book(context, new Error('on purpose')).catch(() => {})
      })

      assert.deepEqual(await work(), ['retry rolled-back', 'done'])
      assert.equal(await bookings(), 1)
    },
  )

  promised(
    'each of two handlers keeps its own commit, and the event is done with both',
    async ({ handlers, book, work, bookings }) => {
      for (const name of ['first', 'second'])
        handlers.on('invoice.paid', { name }, async (_event, context) => {
          const failing = name === 'first' && context.attempt === 1
          await book(context, failing ? new Error('on purpose') : null).catch(() => {})
        })

      assert.deepEqual(await work(), ['retry rolled-back', 'done'])
      assert.equal(await bookings(), 2)
    },
  )

  promised(
    'a first handler that committed is not run again when the second fails',
    async ({ handlers, book, work, bookings }) => {
      handlers.on('invoice.paid', { name: 'first' }, (_event, context) => book(context))
      handlers.on('invoice.paid', { name: 'second' }, (_event, { attempt }) => {
        if (attempt === 1) throw new Error('on purpose')
      })

      assert.deepEqual(await work(), ['retry failed', 'done'])
      assert.equal(await bookings(), 1)
    },
  )

  promised('who lost the lease writes nothing', async ({ handlers, book, work, store, bookings, late }) => {
    const codes: unknown[] = []
    let turn = 0
    handlers.on('invoice.paid', async (_event, context) => {
      if (++turn > 1) {
        await late
        return book(context)
      }
      const { data } = await store.ledger.find({ state: 'running', limit: 1 })
      await store.ledger.giveBack([{ ref: data[0]!.ref, fence: context.fence }], 0)
      await book(context).catch((error) => codes.push((error as { code?: unknown }).code))
    })

    assert.deepEqual(await work(), ['late', 'done'])
    assert.deepEqual(codes, ['stale_lease'])
    assert.equal(await bookings(), 1)
  })
}

type Scene = Awaited<ReturnType<typeof scene>>

/** A ledger and a shop in one database, a worker, and one event. */
async function scene(t: TestContext, make: (url: string) => Promise<Hand>) {
  const shop = await postgresShop.open()
  const store: Store = await openPostgres({ url: shop.url, migrates: true })
  const hand = await make(shop.url)
  const handlers: Handlers = createHandlers()
  const lines: Line[] = []
  const outcomes = new EventEmitter()
  const worker = new Worker({
    ...{ store, handlers, clock: systemClock, random: seeded(1), log: collecting(lines), name: 'w', release: 'r' },
    policy: { ...policy, retry: { attempts: 5, baseMs: 1, factor: 1, maxMs: 1 } },
    meter: {
      count: (_type, outcome) => void outcomes.emit(outcome),
      attemptSeconds() {},
      settleLagSeconds() {},
      putOff() {},
    },
    ...{ concurrency: 2, drainMs: 100 },
  })
  t.after(async () => {
    await worker.stop()
    await hand.close()
    await store.close()
    await shop.close()
  })
  return {
    store,
    handlers,
    late: once(outcomes, 'late'),
    bookings: async () => (await shop.count())[0],
    /** In a transaction of the client; `error` rolls it back. */
    book: (context: HandlerContext, error: Error | null = null) =>
      hand.within(async (tx) => {
        await (await effectsTx(tx)).query('insert into bookings (event, cents) values ($1, 1)', ['evt'])
        await context.settleIn(tx)
        if (error) throw error
      }),
    async work() {
      const done = once(outcomes, 'done')
      await store.ledger.admit([envelope()])
      await worker.start()
      await done
      return lines
        .filter(({ fields }) => 'outcome' in fields)
        .map(({ fields }) => (fields['outcome'] === 'retry' ? `retry ${fields['reason']}` : fields['outcome']))
    },
  }
}

const envelope = () => ({ ...event(), as: 'work' as const, endpoint: 'default', urgency: 'soon' as const, rank: 0 })

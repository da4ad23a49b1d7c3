import assert from 'node:assert/strict'
import type { Query } from '../../store/store.ts'
import { dead, promised, retry } from '../scene.ts'

/** Finding, opening, strays and the backlog. */
export const looking = [
  promised('each field of a query finds what has it, and only that', [], async (scene) => {
    const tenant = { account: 'eu', connected: 'acct_1', livemode: false }
    const said = { type: 'charge.failed', object: 'ch_1', customer: 'cus_1', lane: 'eu:cus_1', endpoint: 'eu/orders' }
    const event = await scene.admit({ ...said, tenant })
    await scene.admit({ object: 'in_2', customer: 'cus_2' })
    await scene.work(dead('exhausted'), { max: 1, handles: [], release: 'r9' })
    const dying = (await scene.entry(event)).state === 'dead' ? event : null
    assert.ok(dying, 'the first event is leased first')

    const queries: Partial<Query>[] = [
      { id: event.id },
      { type: said.type },
      { type: 'charge.*' },
      { state: 'dead' },
      { reason: 'exhausted' },
      { customer: said.customer },
      { object: said.object },
      { lane: said.lane },
      { account: tenant.account },
      { connected: tenant.connected },
      { livemode: false },
      { endpoint: said.endpoint },
      { handledBy: 'r9' },
      { ...said, ...tenant, state: 'dead', reason: 'exhausted', handledBy: 'r9', held: false },
    ]
    for (const query of queries) assert.deepEqual(await scene.found(query), [event.id], JSON.stringify(query))
    assert.equal((await scene.found({ type: '*' })).length, 2)
    assert.deepEqual(await scene.found({ ...said, customer: 'cus_2' }), [])
  }),

  promised('the newest come first, page after page, none twice and none left out', [], async (scene) => {
    const events = Array.from({ length: 23 }, (_, n) => scene.event({ customer: n % 2 ? 'cus_odd' : 'cus_even' }))
    await scene.ledger.admit(events)

    for (const query of [{}, { customer: 'cus_odd' }, { state: 'waiting' as const }, { type: 'invoice.paid' }]) {
      const ids: string[] = []
      let cursor: string | null = null
      do {
        const page = await scene.ledger.find({ ...query, limit: 5, cursor })
        assert.ok(page.data.length <= 5)
        ids.push(...page.data.map(({ id }) => id))
        cursor = page.next
      } while (cursor !== null)
      const wanted = events.filter(({ customer }) => !('customer' in query) || customer === query.customer)
      assert.deepEqual(ids, wanted.map(({ id }) => id).reverse(), JSON.stringify(query))
    }
  }),

  promised('since and until bound the time of arrival, both included', ['clock'], async (scene) => {
    const times: number[] = []
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      times.push(scene.clock.now())
      ids.push((await scene.admit()).id)
      await scene.clock.advance(1_000)
    }

    assert.deepEqual(await scene.found({ since: times[1], until: times[2] }), [ids[2], ids[1]])
    assert.deepEqual(await scene.found({ since: times[3] }), [ids[3]])
    assert.deepEqual(await scene.found({ until: times[0]! }), [ids[0]])
    assert.deepEqual(await scene.found({ type: 'invoice.paid', since: times[1], until: times[1]! + 999 }), [ids[1]])
  }),

  promised('what has just changed is found as it is now', [], async (scene) => {
    const event = await scene.admit()
    assert.deepEqual(await scene.found({ state: 'waiting' }), [event.id])
    const work = await scene.leaseOne()
    assert.deepEqual(await scene.found({ state: 'running' }), [event.id])
    await scene.settle(work, dead())
    assert.deepEqual(await scene.found({ state: 'dead' }), [event.id])
    assert.deepEqual([await scene.found({ state: 'waiting' }), await scene.found({ state: 'running' })], [[], []])
  }),

  promised("an object's events are found newest first, whoever's they are, page by page", [], async (scene) => {
    const other = { account: 'eu', connected: 'acct_9', livemode: true }
    const ids: string[] = []
    for (const more of [{}, { tenant: other }, { customer: 'cus_2' }, { object: 'in_2' }, { tenant: other }, {}]) {
      const { id, object } = await scene.admit({ object: 'in_1', ...more })
      if (object === 'in_1') ids.unshift(id)
    }

    const pages: string[][] = []
    for (let cursor: string | undefined; pages.length === 0 || cursor !== undefined; ) {
      const { data, next } = await scene.ledger.find({ object: 'in_1', limit: 2, cursor })
      pages.push(data.map(({ id }) => id))
      cursor = next ?? undefined
    }

    assert.deepEqual(pages.flat(), ids)
    assert.ok(pages.every((page) => page.length <= 2))
    assert.deepEqual(await scene.found({ object: 'in_1', account: 'eu' }), [ids[1], ids[3]])
  }),

  promised('a search by anything finds the same after a restart', [], async (scene) => {
    const events = [
      await scene.admit({ object: 'in_1' }),
      await scene.admit({ customer: 'cus_1' }),
      await scene.admit(),
    ]
    await scene.work(dead())
    const queries = [
      { object: 'in_1' },
      { customer: 'cus_1' },
      { state: 'dead' as const },
      { type: 'invoice.*' },
      { lane: events[2]!.lane },
    ]
    const before = await Promise.all(queries.map((query) => scene.found(query)))

    await scene.reopen('clean')

    assert.deepEqual(await Promise.all(queries.map((query) => scene.found(query))), before)
  }),

  promised('to open an event tells each attempt with its start, end, outcome and error', ['clock'], async (scene) => {
    const event = await scene.admit()
    const at = scene.clock.now()
    const work = await scene.leaseOne()
    await scene.clock.advance(1_500)
    await scene.settle(work, retry(2_000))

    const story = await scene.ledger.open(work.ref)
    assert.deepEqual(story!.entry, await scene.entry(event))
    assert.deepEqual(story!.timeline, [
      {
        ...{
          kind: 'attempt',
          attempt: 1,
          fence: work.fence,
          startedAt: at,
          endedAt: at + 1_500,
          worker: 'worker 1',
          release: 'r1',
        },
        ...{ outcome: 'retry', reason: 'failed', dueAt: at + 3_500 },
        error: { name: 'Error', code: null, handler: 'one', message: 'it went wrong' },
      },
    ])
  }),

  promised('to open what is not there gives null', [], async (scene) => {
    assert.equal(await scene.ledger.open(999_999), null)
  }),

  promised('what is no event is kept whole, newest first, page after page, over a crash', ['crash'], async (scene) => {
    const strays = [1, 2, 3].map((n) => ({ bytes: Buffer.from([0, n, 255]), source: 'queue', why: `unreadable ${n}` }))
    await scene.ledger.keep(strays)
    await scene.reopen('crash')

    const first = await scene.ledger.strays(null, 2)
    const second = await scene.ledger.strays(first.next, 2)

    const found = [...first.data, ...second.data].map(({ bytes, source, why }) => ({
      bytes: Buffer.from(bytes),
      source,
      why,
    }))
    assert.deepEqual(found, strays.toReversed())
    assert.equal(second.next, null)
  }),

  promised('the backlog counts each event once, in its one state', ['clock'], async (scene) => {
    assert.deepEqual(await scene.ledger.backlog(), {
      ready: 0,
      scheduled: 0,
      held: 0,
      running: 0,
      dead: 0,
      readyOldestMs: 0,
    })
    for (let n = 0; n < 6; n++) await scene.admit()
    await scene.admit({ as: 'hold' })
    const [a, b, c, d] = await scene.lease({ max: 4 })
    await scene.settle(a!)
    await scene.settle(b!, retry(10_000))
    await scene.settle(c!, dead())
    await scene.clock.advance(3_000)

    const { readyOldestMs, ...counts } = await scene.ledger.backlog()
    assert.deepEqual(counts, { ready: 2, scheduled: 1, held: 1, running: 1, dead: 1 })
    // To the tenth of a second: it is told, not compared.
    assert.ok(Math.abs(readyOldestMs - 3_000) <= 100, String(readyOldestMs))
    assert.ok(d)
  }),

  promised('the backlog is the same after a crash, but for the leases that it ended', ['crash'], async (scene) => {
    for (let n = 0; n < 5; n++) await scene.admit()
    await scene.admit({ as: 'hold' })
    const [a, b] = await scene.lease({ max: 3 })
    await scene.settle(a!, retry(600_000))
    await scene.settle(b!, dead())

    await scene.reopen('crash')

    const { readyOldestMs: _, ...counts } = await scene.ledger.backlog()
    assert.deepEqual(counts, { ready: 3, scheduled: 1, held: 1, running: 0, dead: 1 })
  }),
]

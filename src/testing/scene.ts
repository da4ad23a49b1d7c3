import assert from 'node:assert/strict'
import type { Envelope } from '../core/event.ts'
import type { AgainReason, DeadReason, Outcome } from '../core/outcome.ts'
import type { Entry, Handles, Leased, Move, Query, Selection, Settled, Store, Want, Work } from '../store/store.ts'
import type { Harness, Need, Opened, StorePromise } from './harness.ts'

/** A promise whose trial plays in a scene of its own; what was opened is closed, kept or not. */
export const promised = (
  name: string,
  needs: readonly Need[],
  play: (scene: Scene) => Promise<void>,
): StorePromise => ({
  name,
  needs,
  async run(harness: Harness) {
    const opened = await harness.open()
    try {
      await play(new Scene(opened))
    } finally {
      await opened.close()
    }
  },
})

export const DONE: Outcome = { kind: 'done', reason: 'worked' }
export const TWIN: Outcome = { kind: 'done', reason: 'twin' }
export const retry = (delayMs = 0, reason: AgainReason = 'failed'): Outcome => ({
  ...{ kind: 'retry', delayMs, reason },
  error: { name: 'Error', code: null, handler: 'one', message: 'it went wrong' },
})
export const wait = (delayMs = 0): Outcome => ({ kind: 'wait', delayMs, reason: 'later', error: null })
export const dead = (reason: DeadReason = 'refused'): Outcome => ({ kind: 'dead', reason, error: null })

/** A handler of everything, wide open. */
export const handler = (more: Partial<Handles> = {}): Handles => ({
  ...{ pattern: '*', name: 'one', leaseMs: 30_000, room: 1000, strict: false },
  ...more,
})
export const STRICT = { handles: [handler({ strict: true })] }

/** Small hands for telling a ledger's story: admit, lease, settle, look. */
export class Scene {
  readonly #opened: Opened
  #events = 0
  #store: Store

  constructor(opened: Opened) {
    this.#opened = opened
    this.#store = opened.store
  }

  get store(): Store {
    return this.#store
  }

  get ledger(): Store['ledger'] {
    return this.#store.ledger
  }

  get clock(): Opened['clock'] {
    return this.#opened.clock
  }

  async reopen(how: 'clean' | 'crash'): Promise<void> {
    this.#store = await this.#opened.reopen(how)
  }

  /** An event of a customer of its own, made this second, unless said otherwise. */
  event(more: Partial<Envelope> = {}): Envelope {
    const n = ++this.#events
    const id = more.id ?? `evt_${n}`
    return {
      id,
      type: 'invoice.paid',
      tenant: { account: 'default', connected: null, livemode: true },
      apiVersion: '2026-10-28.endive',
      createdAt: Math.floor(this.clock.now() / 1000) * 1000,
      object: null,
      customer: null,
      endpoint: 'default',
      via: 'webhook',
      lane: `default:lane_${n}`,
      rank: 10,
      urgency: 'soon',
      as: 'work',
      body: Buffer.from(JSON.stringify({ id, data: { object: { n } } })),
      ...more,
    }
  }

  /** Admits one event and expects it to be new. */
  async admit(more: Partial<Envelope> = {}): Promise<Envelope> {
    const event = this.event(more)
    assert.deepEqual(await this.ledger.admit([event]), ['new'])
    return event
  }

  /** Several events of one lane, a second apart. */
  async admitLane(count: number, more: Partial<Envelope> = {}): Promise<Envelope[]> {
    const at = Math.floor(this.clock.now() / 1000) * 1000
    const events = Array.from({ length: count }, (_, i) =>
      this.event({ lane: 'default:cus_1', createdAt: at + i * 1000, ...more }),
    )
    assert.ok((await this.ledger.admit(events)).every((answer) => answer === 'new'))
    return events
  }

  lease(more: Partial<Want> = {}, signal?: AbortSignal): Promise<readonly Work[]> {
    const want = { max: 100, waitMs: 0, worker: 'worker 1', release: 'r1', handles: [handler()], ...more }
    return this.ledger.lease(want, signal)
  }

  /** Leases and expects exactly one event. */
  async leaseOne(more: Partial<Want> = {}): Promise<Work> {
    const work = await this.lease({ max: 1, ...more })
    assert.equal(work.length, 1, 'one event was to be leased')
    return work[0]!
  }

  async leasedIds(more: Partial<Want> = {}): Promise<string[]> {
    return (await this.lease(more)).map(({ event }) => event.id)
  }

  async settle(work: Leased, outcome: Outcome = DONE, returned: readonly string[] = []): Promise<Settled | 'open'> {
    const [settled] = await this.ledger.settle([{ work: { ref: work.ref, fence: work.fence }, outcome, returned }])
    return settled!
  }

  /** Leases one event and ends the attempt. */
  async work(outcome: Outcome = DONE, more: Partial<Want> = {}): Promise<Work> {
    const work = await this.leaseOne(more)
    assert.equal(await this.settle(work, outcome), 'settled')
    return work
  }

  async entry(of: { id: string }): Promise<Entry> {
    const { data } = await this.ledger.find({ id: of.id, limit: 2 })
    assert.equal(data.length, 1, `${of.id} has one row`)
    return data[0]!
  }

  /** `done worked`, `waiting`, `dead lost`: an event's state and reason in two words. */
  async state(of: { id: string }): Promise<string> {
    const { state, reason } = await this.entry(of)
    return reason === null ? state : `${state} ${reason}`
  }

  async found(query: Partial<Query>): Promise<string[]> {
    return (await this.ledger.find({ limit: 100, ...query })).data.map(({ id }) => id)
  }

  async move(what: { id: string } | Selection, kind: Move['kind'], forget: 'nothing' | 'handlers' | 'all' = 'nothing') {
    const selection: Selection = 'id' in what ? { refs: [(await this.entry(what)).ref] } : what
    const to: Move = kind === 'reopen' ? { kind, forget } : { kind }
    return this.ledger.move(selection, to, { by: 'operator', why: 'a trial' })
  }

  /** A lease of it runs out, noticed or not. */
  async outlive(leaseMs = 60_000): Promise<void> {
    await this.clock.advance(leaseMs)
  }
}

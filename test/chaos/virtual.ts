import type { TestContext } from 'node:test'
import { breath, type Clock, VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import type { WorkerOptions } from '../../src/processing/worker.ts'
import { openSqlite, type SqliteOptions } from '../../src/store/sqlite.ts'
import type { Entry, Query } from '../../src/store/store.ts'
import { room } from '../processing/room.ts'

/** A worker over the embedded store, in this thread, on a clock that stands still until told. */
export async function virtual(t: TestContext, { path = ':memory:', retention, ...more }: VirtualOptions = {}) {
  const clock = new VirtualClock()
  let stoppedMs = 0
  const seen: Clock = { now: () => clock.now() + stoppedMs, after: (ms, run) => clock.after(ms, run) }
  const store = await openSqlite({ path, thread: false, clock: seen, ...(retention && { retention }) })
  const { handlers, worker, lines } = room({ store, clock: seen, ...more })
  t.after(async () => {
    // The clock goes on, or what waits for it would wait for ever.
    await Promise.all([worker.stop(), clock.advance(20_000)])
    await store.close()
  })
  const found = async (query: Partial<Query> = {}): Promise<readonly Entry[]> =>
    (await store.ledger.find({ limit: 1_000, ...query })).data
  /** The whole process stood still for so long: it is later, and no timer has fired. */
  const stopped = (ms: number) => void (stoppedMs += ms)
  return { clock, store, handlers, worker, lines, found, stopped }
}

export type VirtualOptions = Partial<WorkerOptions> & Pick<SqliteOptions, 'retention'> & { readonly path?: string }

const TURNS = 40

/** Gives the writer and the handlers their turns, without any time passing. */
export async function turns(count = TURNS): Promise<void> {
  for (let n = 0; n < count; n++) await breath()
}

/** Time in steps short enough for everything that falls due to be heard. */
export async function pass(
  clock: VirtualClock,
  { ms, stepMs, turnsEach = TURNS }: { ms: number; stepMs: number; turnsEach?: number },
): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(stepMs)
    await turns(turnsEach)
  }
}

let made = 0

/** An event of a customer and an object of its own, made this second, unless said otherwise. */
export function envelope(clock: Pick<Clock, 'now'>, more: Partial<Envelope> = {}): Envelope {
  const n = ++made
  const id = more.id ?? `evt_${n}`
  return {
    id,
    type: 'invoice.paid',
    tenant: { account: 'default', connected: null, livemode: false },
    apiVersion: '2026-10-28.endive',
    createdAt: Math.floor(clock.now() / 1_000) * 1_000,
    object: `in_${n}`,
    customer: `cus_${n}`,
    endpoint: 'default',
    via: 'webhook',
    lane: `default/test:${more.customer ?? `cus_${n}`}`,
    rank: 10,
    urgency: 'soon',
    as: 'work',
    body: Buffer.from(JSON.stringify({ id, object: 'event', data: { object: { id: `in_${n}` } } })),
    ...more,
  }
}

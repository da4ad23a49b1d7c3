import { defaultRetry } from '../../src/core/backoff.ts'
import { VirtualClock } from '../../src/core/clock.ts'
import type { Event } from '../../src/core/event.ts'
import { seeded } from '../../src/core/random.ts'
import type { Logger } from '../../src/core/service.ts'
import type { Policy } from '../../src/processing/decide.ts'
import { createHandlers } from '../../src/processing/handlers.ts'
import { Worker, type WorkerOptions } from '../../src/processing/worker.ts'
import { MemoryLedger } from './ledger.ts'

export const policy: Policy = { retry: defaultRetry, lostMax: 3, laterMaxMs: 7 * 86_400_000, retryBudget: 0.1 }

/** A worker with everything it needs, on a clock that stands still until told. */
export function room(more: Partial<WorkerOptions> = {}) {
  const clock = new VirtualClock()
  const ledger = new MemoryLedger(clock)
  const handlers = createHandlers()
  const lines: Line[] = []
  const counts: Record<string, number> = {}
  const worker = new Worker({
    store: ledger.store(),
    handlers,
    policy,
    clock,
    random: seeded(7),
    log: collecting(lines),
    meter: {
      count: (type, outcome) => {
        counts[`${type} ${outcome}`] = (counts[`${type} ${outcome}`] ?? 0) + 1
      },
      attemptSeconds() {},
      settleLagSeconds() {},
      putOff: () => {
        counts['put off'] = (counts['put off'] ?? 0) + 1
      },
    },
    name: 'w1',
    release: 'r1',
    concurrency: 8,
    drainMs: 7_000,
    ...more,
  })
  return { clock, ledger, handlers, worker, lines, counts }
}

export interface Line {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

export function collecting(lines: Line[]): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

let count = 0

export function event(type = 'invoice.paid', more: Partial<Event> & { lane?: string } = {}): Event & { lane: string } {
  const n = ++count
  const id = more.id ?? `evt_${n}`
  const body = {
    id,
    object: 'event',
    type,
    created: 1_767_225_600,
    data: { object: { id: `in_${n}`, object: 'invoice' } },
  }
  return {
    id,
    type,
    tenant: { account: 'default', connected: null, livemode: false },
    apiVersion: '2026-10-28.endive',
    createdAt: 1_767_225_600_000,
    object: `in_${n}`,
    customer: `cus_${n}`,
    endpoint: 'default',
    via: 'webhook',
    body: Buffer.from(JSON.stringify(body, null, 2)),
    lane: `lane_${n}`,
    ...more,
  }
}

/** A promise and its hands. */
export function gate<V = void>() {
  let open: (value: V) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const opened = new Promise<V>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { opened, open, fail }
}

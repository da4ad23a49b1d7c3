import { type Clock, VirtualClock } from '../../src/core/clock.ts'
import type { Envelope } from '../../src/core/event.ts'
import type { Logger } from '../../src/core/service.ts'
import { Admission, type AdmissionLimits } from '../../src/ingestion/admission.ts'
import type { CommitLimits } from '../../src/ingestion/commit.ts'
import { createIntake, type IntakeDeps, type IntakeMeter } from '../../src/ingestion/intake.ts'
import type { Admitted, Ledger } from '../../src/store/store.ts'
import { sign } from '../../src/stripe/signature.ts'

export const secret = 'whsec_default_0123456789'
export const euSecret = 'whsec_eu_0123456789'
export const shopSecret = 'whsec_eu_shop_0123456789'

/** In every string leaf of a body that may not be logged. */
export const CANARY = 'canary-4711'

/** A pretty-printed event, as Stripe sends them. */
export function eventBody(event: Record<string, unknown> = {}, object: Record<string, unknown> = {}): Buffer {
  const value = {
    id: 'evt_1',
    object: 'event',
    api_version: '2026-10-28.endive',
    created: Math.floor(NOW / 1_000),
    data: {
      object: { id: 'in_1', object: 'invoice', customer: 'cus_1', customer_email: `${CANARY}@example.com`, ...object },
      previous_attributes: { description: CANARY },
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: CANARY, idempotency_key: CANARY },
    type: 'invoice.paid',
    ...event,
  }
  return Buffer.from(JSON.stringify(value, null, 2))
}

export const NOW = Date.UTC(2026, 10, 3, 12)
export const signed = (body: Uint8Array, at = NOW, key = secret): string => sign({ body, secrets: [key], at })

/** A ledger for `admit` and `keep` alone: remembers ids, records what it was asked, and can be told to fail, to wait or to refuse. */
export class MemoryLedger implements Pick<Ledger, 'admit' | 'keep'> {
  readonly batches: (readonly Envelope[])[] = []
  readonly kept: { bytes: Uint8Array; source: string; why: string }[] = []
  readonly ids = new Set<string>()
  failing = false
  keepFailing = false
  refuses: (event: Envelope) => boolean = () => false
  #gate: Promise<void> | null = null
  #open = () => {}

  get admitted(): Envelope[] {
    return this.batches.flat()
  }

  /** Until the answer is called, admits wait. */
  hold(): () => void {
    this.#gate = new Promise((resolve) => (this.#open = resolve))
    return () => {
      this.#gate = null
      this.#open()
    }
  }

  async admit(events: readonly Envelope[]): Promise<readonly Admitted[]> {
    this.batches.push(events)
    if (this.#gate) await this.#gate
    if (this.failing) throw Object.assign(new Error(`no space for ${CANARY}`), { code: 'SQLITE_FULL' })
    return events.map((event) => this.#one(event))
  }

  async keep(strays: readonly { bytes: Uint8Array; source: string; why: string }[]): Promise<void> {
    if (this.keepFailing) throw new Error(CANARY)
    this.kept.push(...strays)
  }

  #one(event: Envelope): Admitted {
    if (this.refuses(event)) return 'refused'
    if (this.ids.has(event.id)) return 'repeat'
    this.ids.add(event.id)
    return 'new'
  }
}

/** Every line that was logged, as it would be written. */
export function recordingLog(): Logger & { lines: string[] } {
  const lines: string[] = []
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push(JSON.stringify({ level, ...fields, message }))
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

export class CountingMeter implements IntakeMeter {
  readonly results: Record<string, number> = {}
  readonly ackMs: number[] = []
  readonly lagMs: number[] = []

  ingested(endpoint: string, result: string): void {
    const key = `${endpoint} ${result}`
    this.results[key] = (this.results[key] ?? 0) + 1
  }

  acked(ms: number): void {
    this.ackMs.push(ms)
  }

  lagged(ms: number): void {
    this.lagMs.push(ms)
  }
}

export interface Given {
  readonly clock?: Clock
  readonly endpoints?: IntakeDeps['endpoints']
  readonly modeOf?: IntakeDeps['modeOf']
  readonly admission?: Partial<AdmissionLimits>
  readonly freeBytes?: () => Promise<number>
  readonly limits?: Partial<CommitLimits>
  readonly broker?: IntakeDeps['broker']
}

const endpoints = [
  { endpoint: 'default', secret },
  { endpoint: 'eu', secret: euSecret },
  { endpoint: 'eu/shop', secret: shopSecret },
]

/** An intake with doubles at its outer seams: time stands still at NOW unless a clock is given. */
export function given(options: Given = {}) {
  const clock = options.clock ?? new VirtualClock(NOW)
  const ledger = new MemoryLedger()
  const log = recordingLog()
  const meter = new CountingMeter()
  const { freeBytes, limits, broker = null, modeOf = () => 'both' as const } = options
  const admission = new Admission({ clock, log, freeBytes, limits: options.admission })
  const of = options.endpoints ?? (() => endpoints)
  const intake = createIntake({ ledger, endpoints: of, modeOf, admission, meter, clock, log, limits, broker })
  return { clock, ledger, log, meter, admission, intake }
}

import Stripe from 'stripe'
import { VirtualClock } from '../../../src/core/clock.ts'
import { seeded } from '../../../src/core/random.ts'
import { silent } from '../../../src/core/service.ts'
import { DAY } from '../../../src/simulator/calendar.ts'
import { API_VERSION, type SimulatedEvent } from '../../../src/simulator/event.ts'
import { type Delivery, noFaults } from '../../../src/simulator/faults.ts'
import { ACCOUNT, createMerchant } from '../../../src/simulator/merchant.ts'
import { type ServedOptions, serve } from '../../../src/simulator/served.ts'
import type { Business } from '../../../src/simulator/shop.ts'
import { stream } from '../../../src/simulator/stream.ts'
import type { Change } from '../../../src/simulator/world.ts'

export const seed = 4244
export const startAt = Date.UTC(2026, 8, 20, 8)
export const to = 'http://127.0.0.1:4242/webhooks/stripe'

/** Enough of everything that a few weeks hold it. */
export const busy: Partial<Business> = {
  customers: 60,
  growthPerDay: 1,
  trialShare: 0.5,
  failureShare: 0.3,
  recoveryShare: 0.3,
  changeShare: 0.3,
  cancelShare: 0.2,
  refundShare: 0.3,
}

/** The `stripe` package, as anybody would point it at the simulator. */
export function client(url: string, key = 'sk_test_simulated'): Stripe {
  const { hostname, port } = new URL(url)
  return new Stripe(key, {
    host: hostname,
    port: Number(port),
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  })
}

interface Opening {
  readonly business?: Partial<Business>
}

/** A merchant after so many days, its API on a free port, and what it did for comparison. A tenth of its events was not delivered. */
export async function open(days: number, { business, ...options }: Partial<ServedOptions> & Opening = {}) {
  const clock = new VirtualClock(startAt)
  const delivered = new Set<string>()
  const basics = {
    to,
    seed,
    startAt,
    apiVersion: API_VERSION,
    speed: null,
    count: Number.POSITIVE_INFINITY,
    clock,
    log: silent,
    port: 0,
  }
  const served = serve({ ...basics, delivered: (id) => delivered.has(id), ...options })
  const connected = new Set<string>()
  const onChange = (change: Change) => {
    if (change.account !== ACCOUNT) connected.add(change.id)
    served.onChange(change)
  }
  const merchant = createMerchant({ seed, startAt, business: { ...busy, ...business }, onChange })
  const made: SimulatedEvent[] = []
  const onPlan = (deliveries: readonly Delivery[]) => {
    made.push(...new Set(deliveries.map(({ event }) => event)))
    served.onPlan(deliveries)
  }
  const untilAt = startAt + days * DAY
  const random = seeded(seed)
  const whole = { count: Number.POSITIVE_INFINITY, faults: noFaults, random }
  for (const { event } of served.watched(stream({ merchant, startAt, untilAt, onPlan, ...whole }))) {
    if (random() < 0.9) delivered.add(event.id)
  }
  await served.api.start()
  const url = String(served.api.url())
  return {
    ...{ served, merchant, made, delivered, clock, url },
    /** Objects that belong to another account than the merchant's own. */
    connected,
    stripe: client(url),
    /** The merchant's present: when the last event left. */
    nowAt: made.at(-1)?.at ?? startAt,
    close: () => served.api.stop(),
  }
}

export const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

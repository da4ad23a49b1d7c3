import Stripe from 'stripe'
import { VirtualClock } from '../../../src/core/clock.ts'
import { seeded } from '../../../src/core/random.ts'
import { silent } from '../../../src/core/service.ts'
import { DAY } from '../../../src/simulator/calendar.ts'
import type { SimulatedEvent } from '../../../src/simulator/event.ts'
import { noFaults } from '../../../src/simulator/faults.ts'
import { createMerchant } from '../../../src/simulator/merchant.ts'
import { type ServedOptions, serve } from '../../../src/simulator/served.ts'
import type { Business } from '../../../src/simulator/shop.ts'
import { stream } from '../../../src/simulator/stream.ts'
import { BUSY } from '../../../src/simulator/trigger.ts'

export const seed = 4244
export const startAt = Date.UTC(2026, 8, 20, 8)
export const to = 'http://127.0.0.1:4242/webhooks/stripe'

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
  const basics = { to, seed, startAt, speed: null, count: Number.POSITIVE_INFINITY, clock, log: silent, port: 0 }
  const served = serve({ ...basics, delivered: (id) => delivered.has(id), ...options })
  const merchant = createMerchant({ seed, startAt, business: { ...BUSY, ...business }, onChange: served.onChange })
  const made: SimulatedEvent[] = []
  const onMade = (events: readonly SimulatedEvent[]) => {
    made.push(...events)
    served.onMade(events)
  }
  const untilAt = startAt + days * DAY
  const random = seeded(seed)
  const whole = { count: Number.POSITIVE_INFINITY, faults: noFaults, random }
  for (const { event } of served.watched(stream({ merchant, startAt, untilAt, onMade, ...whole }))) {
    if (random() < 0.9) delivered.add(event.id)
  }
  await served.api.start()
  const url = String(served.api.url())
  return {
    ...{ served, merchant, made, delivered, clock, url },
    stripe: client(url),
    /** The merchant's present: when the last event left. */
    nowAt: made.at(-1)?.at ?? startAt,
    close: () => served.api.stop(),
  }
}

export const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

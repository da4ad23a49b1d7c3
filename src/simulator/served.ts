import type { Clock } from '../core/clock.ts'
import { seeded } from '../core/random.ts'
import type { Logger } from '../core/service.ts'
import type { Delivery } from './faults.ts'
import { createIds } from './ids.ts'
import { ACCOUNT } from './merchant.ts'
import { ownAccount } from './stripe-api/account.ts'
import { createRecords } from './stripe-api/records.ts'
import { createEndpoints } from './stripe-api/webhook-endpoints.ts'
import { createStripeApi, type StripeApi } from './stripe-api.ts'
import type { Change } from './world.ts'

/** How the merchant's Stripe API treats those who ask. */
export interface Manners {
  /** The one API key that is taken; by default every `sk_test_...` and `rk_test_...` is. */
  readonly key?: string
  /** More requests than that in one second are answered with 429; by default none is. */
  readonly ratePerSecond?: number
}

export interface ServedOptions extends Manners {
  readonly port: number
  /** Where deliveries go: the account's first webhook endpoint. */
  readonly to: string
  readonly seed: number
  readonly startAt: number
  /** How much faster than ours the merchant's clock runs; null where each delivery sets it. */
  readonly speed: number | null
  readonly count: number
  /** The one that objects are shown in. */
  readonly apiVersion: string
  readonly delivered: (eventId: string) => boolean
  readonly clock: Clock
  readonly log: Logger
}

/** The merchant's Stripe API beside its deliveries: what it hears of, so that both tell the same. */
export interface Served {
  readonly api: StripeApi
  onChange(change: Change): void
  onPlan(deliveries: readonly Delivery[]): void
  /** The same deliveries; as each leaves, the merchant's present comes to it. */
  watched(deliveries: Iterable<Delivery>): Iterable<Delivery>
}

export function serve(options: ServedOptions): Served {
  const { seed, startAt, clock, count, delivered, to, apiVersion, ...rest } = options
  const present = createPresent(options)
  const ids = createIds(seeded(seed + 3), ACCOUNT)
  const records = createRecords({ account: ACCOUNT, now: present.now, count })
  const own = ownAccount(ACCOUNT, startAt)
  records.change({ account: ACCOUNT, at: startAt, told: 0, id: own.id, object: own })
  const endpoints = createEndpoints({ ids, now: present.now, livemode: false })
  endpoints.create({ url: to, enabled_events: { 0: '*' } })

  const books = { livemode: false, endpoints, now: present.now }
  const shared = { account: ACCOUNT, records, books, ids, version: apiVersion, now: () => clock.now(), delivered }
  return {
    api: createStripeApi({ ...rest, ...shared }),
    onChange: records.change,
    // What the merchant never made an event of, nobody can list.
    onPlan: (deliveries) =>
      records.tell(new Set(deliveries.flatMap(({ kind, event }) => (kind === 'ungenerated' ? [] : [event])))),
    *watched(deliveries) {
      for (const delivery of deliveries) {
        yield delivery
        // Whoever takes the next has sent this one.
        present.reach(delivery.at)
      }
    },
  }
}

function createPresent({ clock, startAt, speed }: Pick<ServedOptions, 'clock' | 'startAt' | 'speed'>) {
  const beganAt = clock.now()
  let reachedAt = startAt
  return {
    now: () => (speed === null ? reachedAt : Math.max(reachedAt, startAt + (clock.now() - beganAt) * speed)),
    reach(at: number): void {
      reachedAt = Math.max(reachedAt, at)
    },
  }
}

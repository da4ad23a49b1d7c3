import { type Random, seeded } from '../core/random.ts'
import { createAgenda } from './agenda.ts'
import { DAY } from './calendar.ts'
import type { SimulatedEvent } from './event.ts'
import { customerLife } from './lifecycles/life.ts'
import type { StripeObject } from './objects/wire.ts'
import { type Business, defaultBusiness, openShop } from './shop.ts'
import { type Change, createWorld, type Lifecycle } from './world.ts'

export interface MerchantOptions {
  readonly seed: number
  /** When the merchant's time begins, in milliseconds. */
  readonly startAt: number
  readonly business?: Partial<Business>
  readonly livemode?: boolean
  /** The account's id; a part of it is in the ids of most objects. */
  readonly account?: string
  /** Hears of every change of an object when it is made, silent ones too. */
  readonly onChange?: (change: Change) => void
}

/** A merchant on Stripe, on a clock of its own. The same options give the same events, byte for byte, however time is cut. */
export interface Merchant {
  readonly objects: ReadonlyMap<string, StripeObject>
  /** Lets time pass up to and with `toMs`, and returns what happened, in the order in which it did. */
  advance(toMs: number): SimulatedEvent[]
  /** When something may happen next, or null when nothing ever will. */
  next(): number | null
}

export const ACCOUNT = 'acct_1HookkeeperSim01'

export function createMerchant(options: MerchantOptions): Merchant {
  const { seed, startAt, livemode = false, account = ACCOUNT, onChange } = options
  const business = { ...defaultBusiness, ...options.business }
  const world = createWorld({ random: seeded(seed), account, livemode, startAt, onChange })
  const shop = openShop(world, business)
  const agenda = createAgenda<Lifecycle>()

  for (let n = 0; n < business.customers; n++) agenda.note(startAt, customerLife(world, shop, 'established'))
  const arrive = () => agenda.note(world.now(), customerLife(world, shop, 'arriving'))
  if (business.growthPerDay > 0) agenda.note(startAt, growth(startAt, business.growthPerDay, world.random, arrive))

  return {
    objects: world.objects,
    next: agenda.next,
    advance(toMs) {
      for (let at = agenda.next(); at !== null && at <= toMs; at = agenda.next()) {
        world.moveTo(at)
        const lifecycle = agenda.take() as Lifecycle
        const step = lifecycle.next()
        if (!step.done) agenda.note(Math.max(step.value, at), lifecycle)
      }
      return world.taken()
    },
  }
}

/** New customers come at random, so many a day on average. */
function* growth(startAt: number, perDay: number, random: Random, arrive: () => void): Lifecycle {
  for (let at = startAt; ; arrive()) {
    at += Math.ceil((-Math.log(1 - random()) * DAY) / perDay)
    yield at
  }
}

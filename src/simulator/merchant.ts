import { seeded } from '../core/random.ts'
import { createAgenda } from './agenda.ts'
import { DAY } from './calendar.ts'
import type { SimulatedEvent } from './event.ts'
import { news } from './lifecycles/catalogue.ts'
import { connectedLife } from './lifecycles/connect.ts'
import { arrival, customerLife } from './lifecycles/life.ts'
import { payingOut } from './lifecycles/payout.ts'
import { preorder } from './lifecycles/preorder.ts'
import type { StripeObject } from './objects/wire.ts'
import { createPreBasil } from './pre-basil.ts'
import { type ApiShape, current, type Shape } from './shape.ts'
import { type Business, defaultBusiness, openShop, type Shop } from './shop.ts'
import { type Change, createWorld, type Lifecycle, type World } from './world.ts'

export interface MerchantOptions {
  readonly seed: number
  /** When the merchant's time begins, in milliseconds. */
  readonly startAt: number
  readonly business?: Partial<Business>
  readonly livemode?: boolean
  /** The account's id; a part of it is in the ids of most objects. */
  readonly account?: string
  /** How events show objects: as the current API version does, or as versions before 2025-03-31.basil did. */
  readonly apiVersion?: ApiShape
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
  const { seed, startAt, livemode = false, account = ACCOUNT, apiVersion = 'current', onChange } = options
  const random = seeded(seed)
  const agenda = createAgenda<Lifecycle>()
  const begin = (lifecycle: Lifecycle) => agenda.note(world.now(), lifecycle)
  const shape = shapeOf(apiVersion)
  const world = createWorld({ random, account, livemode, startAt, shape, begin, onChange })
  const shop = openShop(world, { ...defaultBusiness, incompleteFirst: apiVersion !== 'current', ...options.business })
  openDoors(world, shop)

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

export const shapeOf = (apiVersion: ApiShape = 'current'): Shape =>
  apiVersion === 'current' ? current : createPreBasil()

/** Everything that goes on from the first day. */
function openDoors(world: World, shop: Shop): void {
  const { customers, growthPerDay, preordersPerDay, connectedAccounts, payouts, newsPerDay } = shop.business
  for (let n = 0; n < customers; n++) world.begin(customerLife(world, shop, 'established'))
  if (growthPerDay > 0) world.begin(atRandom(world, growthPerDay, () => arrival(world, shop)))
  if (preordersPerDay > 0) world.begin(atRandom(world, preordersPerDay, () => preorder(world, shop)))
  if (newsPerDay > 0) world.begin(atRandom(world, newsPerDay, () => news(world, shop)))
  for (let n = 0; n < connectedAccounts; n++) world.begin(connectedLife(world))
  if (payouts) world.begin(payingOut(world, shop))
}

/** Something that comes again and again at random, so many times a day on average. */
function* atRandom(world: World, perDay: number, begin: () => Lifecycle): Lifecycle {
  for (let at = world.now(); ; world.begin(begin())) {
    at += Math.ceil((-Math.log(1 - world.random()) * DAY) / perDay)
    yield at
  }
}

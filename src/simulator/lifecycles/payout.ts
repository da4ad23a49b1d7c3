import { DAY, HOUR } from '../calendar.ts'
import { balance } from '../objects/balance.ts'
import { type BankAccount, bankAccount, type Payout, payout } from '../objects/payout.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'

const ARRIVES_DAYS = 2

/** Every day, what can be paid out leaves for the bank, currency by currency. */
export function* payingOut(world: World, shop: Shop): Lifecycle {
  const banks = new Map<string, string>()
  for (let day = Math.floor(world.now() / DAY) + 1; ; day++) {
    yield day * DAY + HOUR
    const ready = [...shop.till.available()].filter(([, amount]) => amount > 0)
    if (ready.length > 0) world.tell(balance(world, shop.till), 'balance.available')
    for (const [currency, amount] of ready) {
      const bank = banks.get(currency) ?? world.add(bankAccount(world, currency)).id
      banks.set(currency, bank)
      shop.till.move(currency, 0 - amount)
      const made = world.add(payout(world, { amount, currency, bank, days: ARRIVES_DAYS }), 'payout.created')
      world.begin(paidOut(world, shop, made.id))
    }
  }
}

/** From its making to the day on which the bank should have it; some come back days after that. */
function* paidOut(world: World, shop: Shop, id: string): Lifecycle {
  yield world.now() + HOUR
  if (chance(world.random, 0.02)) return yield* stop(world, shop, id)
  world.change<Payout>(id, { status: 'in_transit', trace_id: { status: 'pending', value: null } }, 'payout.updated')
  yield world.now() + ARRIVES_DAYS * DAY - HOUR
  world.change<Payout>(id, { status: 'paid' }, 'payout.paid')
  yield world.now() + 10 * HOUR
  world.change<Payout>(id, { reconciliation_status: 'completed' }, 'payout.reconciliation_completed')
  if (!chance(world.random, 0.03)) return

  yield world.now() + 2 * DAY
  const failed = {
    failure_balance_transaction: world.id('txn'),
    failure_code: 'account_closed',
    failure_message: 'The bank account has been closed.',
    status: 'failed',
  }
  const { amount, currency, destination } = world.change<Payout>(id, failed, 'payout.failed')
  shop.till.move(currency, amount)
  const bank = world.change<BankAccount>(String(destination), { status: 'errored' }, 'account.external_account.updated')
  yield world.now() + DAY
  world.byRequest()
  world.change<BankAccount>(bank.id, { status: 'new' }, 'account.external_account.updated')
}

// biome-ignore lint/correctness/useYield: stands in for the rest of a payout's life.
function* stop(world: World, shop: Shop, id: string): Lifecycle {
  world.byRequest()
  const { amount, currency } = world.change<Payout>(id, { status: 'canceled' }, 'payout.canceled')
  shop.till.move(currency, amount)
}

import { pick } from '../../core/random.ts'
import { DAY, MINUTE } from '../calendar.ts'
import type { Customer } from '../objects/customer.ts'
import { type PaymentMethod, paymentMethod } from '../objects/payment-method.ts'
import { type SetupIntent, setupIntent } from '../objects/setup-intent.ts'
import type { Subscription } from '../objects/subscription.ts'
import { type TaxId, taxId } from '../objects/tax-id.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import type { Contract } from './contract.ts'

type Change = (world: World, contract: Contract) => Lifecycle

/** Something about the customer is other than before: where they read mail, which card they have, what they tell the tax office. */
export function* changeDetails(world: World, _shop: Shop, contract: Contract): Lifecycle {
  const changes: readonly Change[] = [renameMail, replaceCard, renewCard, giveTaxId]
  yield* pick(world.random, changes)(world, contract)
}

// biome-ignore lint/correctness/useYield: one of several changes, of which the others wait.
function* renameMail(world: World, contract: Contract): Lifecycle {
  world.byRequest()
  const email = `moved.${world.text(6).toLowerCase()}@example.com`
  world.change<Customer>(contract.customer, { email }, 'customer.updated')
  const method = contract.paymentMethod && world.get<PaymentMethod>(contract.paymentMethod)
  if (!method) return
  const billing_details = { ...method.billing_details, email }
  world.change<PaymentMethod>(method.id, { billing_details }, 'payment_method.updated')
}

/** Another card, which the bank may first want to see the customer for, or refuse. */
export function* replaceCard(world: World, contract: Contract): Lifecycle {
  world.byRequest()
  const payer = world.get<Customer>(contract.customer)
  const setup = world.add(setupIntent(world, payer), 'setup_intent.created')
  if (chance(world.random, 0.3)) {
    const asked = { next_action: { type: 'use_stripe_sdk' as const }, status: 'requires_action' as const }
    world.change<SetupIntent>(setup.id, asked, 'setup_intent.requires_action')
    yield world.now() + 3 * MINUTE
  }
  if (chance(world.random, 0.2)) return yield* giveUpSetup(world, setup.id)
  const card = world.add(paymentMethod(world, payer), 'payment_method.attached')
  const saved = { next_action: null, payment_method: card.id, status: 'succeeded' as const }
  world.change<SetupIntent>(setup.id, saved, 'setup_intent.succeeded')
  useCard(world, contract, card.id)
}

function* giveUpSetup(world: World, setup: string): Lifecycle {
  const error = { code: 'card_declined' as const, message: 'Your card was declined.', type: 'card_error' as const }
  const failed = { last_setup_error: error, next_action: null, status: 'requires_payment_method' as const }
  world.change<SetupIntent>(setup, failed, 'setup_intent.setup_failed')
  yield world.now() + 10 * MINUTE
  world.byRequest()
  const canceled = { cancellation_reason: 'abandoned' as const, status: 'canceled' as const }
  world.change<SetupIntent>(setup, canceled, 'setup_intent.canceled')
}

/** From now on the customer pays with `card`; the one before is let go. */
export function useCard(world: World, contract: Contract, card: string): void {
  const { invoice_settings } = world.get<Customer>(contract.customer)
  const settings = { ...invoice_settings, default_payment_method: card }
  world.change<Customer>(contract.customer, { invoice_settings: settings }, 'customer.updated')
  world.change<Subscription>(contract.subscription, { default_payment_method: card }, 'customer.subscription.updated')
  if (contract.paymentMethod) detach(world, contract.paymentMethod)
  contract.paymentMethod = card
}

function detach(world: World, method: string): void {
  world.change<PaymentMethod>(method, { customer: null }, 'payment_method.detached')
  world.retire(method)
}

/** The card network tells of a new card before the old one expires. */
// biome-ignore lint/correctness/useYield: one of several changes, of which the others wait.
function* renewCard(world: World, { paymentMethod: method }: Contract): Lifecycle {
  const card = method && world.get<PaymentMethod>(method).card
  if (!card) return
  const renewed = { card: { ...card, exp_year: card.exp_year + 3, fingerprint: world.text(16) } }
  world.change<PaymentMethod>(method, renewed, 'payment_method.automatically_updated')
}

function* giveTaxId(world: World, { customer }: Contract): Lifecycle {
  world.byRequest()
  const given = world.add(taxId(world, customer), 'customer.tax_id.created')
  yield world.now() + MINUTE
  const known = chance(world.random, 0.6)
  const verification = {
    status: known ? 'verified' : 'unverified',
    verified_address: null,
    verified_name: null,
  } as const
  world.change<TaxId>(given.id, { verification }, 'customer.tax_id.updated')
  if (known) return world.retire(given.id)
  world.byRequest()
  world.remove(given.id, 'customer.tax_id.deleted')
}

/** A week after the end, everything about the customer is deleted. */
export function* forgetCustomer(world: World, contract: Contract): Lifecycle {
  yield world.now() + 7 * DAY
  world.byRequest()
  if (contract.paymentMethod) detach(world, contract.paymentMethod)
  world.remove(contract.customer, 'customer.deleted')
}

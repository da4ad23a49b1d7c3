import { pick } from '../../core/random.ts'
import { DAY, HOUR } from '../calendar.ts'
import { balanceTransaction } from '../objects/balance.ts'
import { type Complaint, type Dispute, dispute, type EarlyFraudWarning, earlyFraudWarning } from '../objects/dispute.ts'
import type { Charge } from '../objects/payment.ts'
import { chance, type Shop } from '../shop.ts'
import type { Lifecycle, World } from '../world.ts'
import { endSubscription } from './cancellation.ts'
import type { Contract } from './contract.ts'

const REASONS = ['fraudulent', 'subscription_canceled', 'product_not_received', 'unrecognized'] as const
const FEE = 1500

/** The customer complains to the bank about the last charge. Some merchants end the subscription over it. */
export function* disputeLast(world: World, shop: Shop, contract: Contract): Lifecycle {
  if (contract.charge === null || world.get<Charge>(contract.charge).payment_method_details?.type !== 'card') return
  const charge = contract.charge
  contract.charge = null
  world.begin(disputed(world, shop, charge))
  if (!chance(world.random, 0.3)) return
  yield world.now() + DAY
  world.byRequest()
  endSubscription(world, contract, 'payment_disputed')
}

/** From the bank's first word to its last, weeks later. */
export function* disputed(world: World, shop: Shop, chargeId: string): Lifecycle {
  if (chance(world.random, 0.3)) {
    const warned = world.add(earlyFraudWarning(world, world.get(chargeId)), 'radar.early_fraud_warning.created')
    yield world.now() + 5 * HOUR
    world.change<EarlyFraudWarning>(warned.id, { actionable: false }, 'radar.early_fraud_warning.updated')
  }
  const complaint = pick(world.random, ['chargeback', 'chargeback', 'inquiry'] as const)
  const opened = open(world, chargeId, complaint)
  if (complaint === 'chargeback') withdraw(world, shop, opened)

  // Many merchants let the date pass; the bank then decides without them.
  const answered = chance(world.random, 0.6)
  if (answered) yield* answer(world, opened, complaint)
  yield world.now() + (10 + Math.floor(world.random() * 20)) * DAY
  close(
    world,
    shop,
    opened,
    complaint === 'inquiry' ? 'warning_closed' : answered && chance(world.random, 0.5) ? 'won' : 'lost',
  )
}

function open(world: World, chargeId: string, complaint: Complaint): string {
  const reason = pick(world.random, REASONS)
  const opened = world.add(dispute(world, world.get(chargeId), complaint, reason), 'charge.dispute.created')
  world.change<Charge>(chargeId, { disputed: true }, 'charge.updated')
  return opened.id
}

function withdraw(world: World, { till }: Shop, id: string): void {
  const { amount, balance_transactions, charge, currency } = world.get<Dispute>(id)
  const taken = { amount: 0 - amount, fee: FEE, currency, source: id, type: 'adjustment' }
  const moved = balanceTransaction(world, { ...taken, description: `Chargeback withdrawal for ${charge}` })
  till.move(currency, moved.net)
  const patch = { balance_transactions: [...balance_transactions, moved] }
  world.change<Dispute>(id, patch, 'charge.dispute.funds_withdrawn')
}

/** What the merchant has to say is saved first, then sent to the bank. */
function* answer(world: World, id: string, complaint: Complaint): Lifecycle {
  yield world.now() + (2 + Math.floor(world.random() * 5)) * DAY
  world.byRequest()
  const { evidence, evidence_details } = world.get<Dispute>(id)
  const told = { ...evidence, uncategorized_text: 'The customer used the service on each day of the month.' }
  const saved = { evidence: told, evidence_details: { ...evidence_details, has_evidence: true } }
  world.change<Dispute>(id, saved, 'charge.dispute.updated')

  yield world.now() + HOUR
  world.byRequest()
  const sent = { ...saved.evidence_details, submission_count: 1, submission_method: 'manual' as const }
  const status = complaint === 'inquiry' ? ('warning_under_review' as const) : ('under_review' as const)
  world.change<Dispute>(id, { evidence_details: sent, status }, 'charge.dispute.updated')
}

function close(world: World, { till }: Shop, id: string, status: 'won' | 'lost' | 'warning_closed'): void {
  const { evidence_details } = world.get<Dispute>(id)
  const past = { ...evidence_details, past_due: evidence_details.submission_count === 0 }
  const { amount, balance_transactions, charge, currency } = world.change<Dispute>(
    id,
    { evidence_details: past, status },
    'charge.dispute.closed',
  )
  if (status !== 'won') return
  const back = { amount, fee: 0, currency, source: id, type: 'adjustment' }
  const moved = balanceTransaction(world, { ...back, description: `Chargeback reversal for ${charge}` })
  till.move(currency, amount)
  const patch = { balance_transactions: [...balance_transactions, moved] }
  world.change<Dispute>(id, patch, 'charge.dispute.funds_reinstated')
}

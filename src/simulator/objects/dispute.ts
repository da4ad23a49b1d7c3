import type { Stripe } from 'stripe'
import { DAY, seconds } from '../calendar.ts'
import type { World } from '../world.ts'
import type { BalanceTransaction } from './balance.ts'
import type { Charge } from './payment.ts'
import type { Wire } from './wire.ts'

export type Dispute = Wire<Stripe.Dispute> & {
  readonly id: string
  readonly charge: string
  readonly balance_transactions: BalanceTransaction[]
  readonly evidence: Wire<Stripe.Dispute.Evidence>
  readonly evidence_details: Wire<Stripe.Dispute.EvidenceDetails>
}
export type EarlyFraudWarning = Wire<Stripe.Radar.EarlyFraudWarning> & { readonly id: string }

const ANSWER_WITHIN_MS = 9 * DAY

/** An inquiry asks before any money is taken; a chargeback takes it at once. */
export type Complaint = 'inquiry' | 'chargeback'

export function dispute(world: World, of: Charge, complaint: Complaint, reason: string): Dispute {
  const brand = of.payment_method_details?.card?.brand ?? 'visa'
  return {
    id: world.id('dp'),
    object: 'dispute',
    amount: of.amount - of.amount_refunded,
    balance_transactions: [],
    charge: of.id,
    created: world.created(),
    currency: of.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: seconds(world.now() + ANSWER_WITHIN_MS),
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: complaint === 'inquiry',
    livemode: world.livemode,
    metadata: {},
    network_reason_code: '10.4',
    payment_intent: of.payment_intent,
    payment_method_details: {
      card: { brand, case_type: complaint, network: brand, network_reason_code: '10.4' },
      type: 'card',
    },
    reason,
    status: complaint === 'inquiry' ? 'warning_needs_response' : 'needs_response',
  }
}

const noEvidence: Dispute['evidence'] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
}

export function earlyFraudWarning(world: World, of: Charge): EarlyFraudWarning {
  return {
    id: world.id('issfr'),
    object: 'radar.early_fraud_warning',
    actionable: true,
    charge: of.id,
    created: world.created(),
    fraud_type: 'made_with_stolen_card',
    livemode: world.livemode,
    payment_intent: of.payment_intent,
  }
}

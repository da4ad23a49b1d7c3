import type { Urgency } from '../core/event.ts'

/**
 * What is known of Stripe's event types: family, verb, rank and urgency. The list is closed for labels and open for
 * work: a type that is not in it is recorded and worked like any other.
 */
export const isKnown = (type: string): boolean => facts.has(type)

/** Every snapshot type of Stripe's API 2026-10-28.endive. */
export const knownTypes = (): readonly string[] => [...facts.keys()]

/** The type itself when it is known, else `other`: for metrics, whose labels must come from a closed set. */
export const labelOf = (type: string): string => (facts.has(type) ? type : 'other')

/** What stands before the verb (`customer.subscription`), or `other`: a closed set too. */
export const familyOf = (type: string): string => facts.get(type)?.family ?? 'other'

/** Orders events of one lane that share a second, 0 first and 31 last. */
export const rankOf = (type: string): number => facts.get(type)?.rank ?? rankOfVerb(verbOf(type))

export const urgencyOf = (type: string): Urgency => facts.get(type)?.urgency ?? 'soon'

interface Facts {
  readonly family: string
  readonly rank: number
  readonly urgency: Urgency
}

/**
 * Verbs in the order of an object's life, as one customer's lane sees it. Two types of one second keep the order in
 * which Stripe makes them in the common sequences: checkout, renewal, failed payment, refund, dispute, payout,
 * cancellation.
 */
const RANKS: readonly (readonly [rank: number, verbs: string])[] = [
  // It begins.
  [0, 'created opened attached authorized request triggered available funds_available'],
  // It is announced, or it changes, before anything came of it.
  [2, 'upcoming will_be_due trial_will_end expiring upcoming_account_number_expiry upcoming_deactivation'],
  [2, 'mandate_notification'],
  [4, 'updated automatically_updated action_updated pricing_updated features_status_updated account_numbers_updated'],
  [4, 'expected_deactivation_date_updated expected_arrival_date_updated supported_payment_method_types_updated'],
  [4, 'tracking_details_updated purchase_details_receipt_updated product_substituted delayed activated'],
  [4, 'refreshed_balance refreshed_ownership refreshed_transactions'],
  // A draft becomes a demand, somebody has to act, the money is under way.
  [6, 'finalization_failed'],
  [7, 'finalized submitted'],
  [8, 'sent payment_attempt_required'],
  [10, 'requires_input requires_submission requires_action requires_challenge payment_action_required chargeable'],
  [10, 'refund_attributes_required'],
  [11, 'challenge_started'],
  [12, 'pending processing advancing partially_funded amount_capturable_updated funds_withdrawn paused deactivated'],
  [12, 'initial_credit_granted'],
  [13, 'resumed reactivated'],
  // An attempt fails, which a later one may mend: the charge before its intent, the intent before its invoice.
  [14, 'failed setup_failed action_failed errored internal_failure rejected'],
  [15, 'payment_failed overdue'],
  // It works: first the money, then what it pays for, then what was waiting for that.
  [16, 'succeeded verified ready posted delivered action_succeeded accepted pending_update_applied'],
  [17, 'captured'],
  [19, 'paid'],
  [20, 'payment_succeeded'],
  [21, 'overpaid reconciliation_completed'],
  [22, 'completed async_payment_succeeded'],
  // It comes undone after it worked.
  [24, 'async_payment_failed returned refunded reversed funds_rescinded'],
  // It ends. What is decided here is not decided again.
  [27, 'pending_update_expired marked_uncollectible closed released disabled'],
  [28, 'canceled voided expired aborted detached disconnected redacted deauthorized'],
  [29, 'funds_reinstated'],
  [31, 'deleted'],
]

/** Where a verb's place differs for one type. */
const RANK_EXCEPTIONS: Readonly<Record<string, number>> = {
  'invoice.payment_failed': 16,
  'payment_intent.succeeded': 17,
  // The record that links payment and invoice comes just ahead of the invoice.
  'invoice_payment.paid': 18,
  // These two can fail after they had been reported as paid or succeeded.
  'payout.failed': 24,
  'refund.failed': 24,
  // The last word about a schedule, not a success along the way.
  'subscription_schedule.completed': 28,
}

/** After what changes and before what ends: the least harm for a verb that nobody knows. */
const RANK_UNKNOWN = 9

// A buyer, a card holder or a person at a reader looks at a screen until this is worked.
const NOW = [
  'checkout.session identity.verification_session three_d_secure.authentication terminal.reader setup_intent',
  'issuing_authorization.request payment_intent.requires_action',
]

// Comes in waves (renewals on the first of the month, payouts, catalogue imports, reports), and nobody waits in front
// of it.
const BATCH = [
  'invoice invoice_payment invoiceitem credit_note customer.subscription.updated customer.subscription.trial_will_end',
  'customer.source.expiring payment_method.automatically_updated charge.updated payout transfer topup balance',
  'application_fee application_fee.refund reporting.report_run reporting.report_type sigma.scheduled_query_run product',
  'price plan coupon promotion_code tax_rate tax.settings billing.meter file climate.order climate.product',
  'test_helpers.test_clock',
]

const FAMILIES: Readonly<Record<string, string>> = {
  account: 'updated',
  'account.application': 'authorized deauthorized',
  'account.external_account': 'created deleted updated',
  application_fee: 'created refunded',
  'application_fee.refund': 'updated',
  'apps.install': 'created deleted updated',
  balance: 'available',
  balance_settings: 'updated',
  'billing.alert': 'triggered',
  'billing.credit_balance_transaction': 'created',
  'billing.credit_grant': 'created updated',
  'billing.meter': 'created deactivated reactivated updated',
  'billing_portal.configuration': 'created updated',
  'billing_portal.session': 'created',
  capability: 'updated',
  cash_balance: 'funds_available',
  charge: 'captured expired failed pending refunded succeeded updated',
  'charge.dispute': 'closed created funds_reinstated funds_withdrawn updated',
  'charge.refund': 'updated',
  'checkout.session': 'async_payment_failed async_payment_succeeded completed expired',
  'climate.order': 'canceled created delayed delivered product_substituted',
  'climate.product': 'created pricing_updated',
  coupon: 'created deleted updated',
  credit_note: 'created updated voided',
  customer: 'created deleted updated',
  'customer.discount': 'created deleted updated',
  'customer.source': 'created deleted expiring updated',
  'customer.subscription':
    'created deleted paused pending_update_applied pending_update_expired resumed trial_will_end updated',
  'customer.tax_id': 'created deleted updated',
  customer_cash_balance_transaction: 'created',
  'entitlements.active_entitlement_summary': 'updated',
  file: 'created',
  'financial_connections.account':
    'account_numbers_updated created deactivated disconnected expected_deactivation_date_updated reactivated ' +
    'refreshed_balance refreshed_ownership refreshed_transactions supported_payment_method_types_updated ' +
    'upcoming_account_number_expiry upcoming_deactivation',
  'financial_connections.authorization': 'expected_deactivation_date_updated upcoming_deactivation',
  'identity.verification_session': 'canceled created processing redacted requires_input verified',
  invoice:
    'created deleted finalization_failed finalized marked_uncollectible overdue overpaid paid ' +
    'payment_action_required payment_attempt_required payment_failed payment_succeeded sent upcoming updated voided will_be_due',
  invoice_payment: 'paid',
  invoiceitem: 'created deleted',
  issuing_authorization: 'created request updated',
  issuing_card: 'created updated',
  issuing_cardholder: 'created updated',
  issuing_dispute: 'closed created funds_reinstated funds_rescinded submitted updated',
  issuing_personalization_design: 'activated deactivated rejected updated',
  issuing_token: 'created updated',
  issuing_transaction: 'created purchase_details_receipt_updated updated',
  mandate: 'updated',
  payment_intent:
    'amount_capturable_updated canceled created partially_funded payment_failed processing requires_action succeeded',
  payment_link: 'created updated',
  payment_method: 'attached automatically_updated detached updated',
  payout: 'canceled created failed paid reconciliation_completed updated',
  person: 'created deleted updated',
  plan: 'created deleted updated',
  price: 'created deleted updated',
  product: 'created deleted updated',
  promotion_code: 'created updated',
  quote: 'accepted canceled created finalized',
  'radar.early_fraud_warning': 'created updated',
  refund: 'created failed updated',
  'reporting.report_run': 'failed succeeded',
  'reporting.report_type': 'updated',
  'reserve.hold': 'created updated',
  'reserve.plan': 'created disabled expired updated',
  'reserve.release': 'created',
  review: 'closed opened',
  setup_intent: 'canceled created requires_action setup_failed succeeded',
  'sigma.scheduled_query_run': 'created',
  source: 'canceled chargeable failed mandate_notification refund_attributes_required',
  'source.transaction': 'created updated',
  subscription_schedule: 'aborted canceled completed created expiring released updated',
  'tax.settings': 'updated',
  tax_rate: 'created updated',
  'terminal.reader': 'action_failed action_succeeded action_updated',
  'test_helpers.test_clock': 'advancing created deleted internal_failure ready',
  'three_d_secure.authentication':
    'canceled challenge_started errored failed requires_challenge requires_submission succeeded',
  topup: 'canceled created failed reversed succeeded',
  transfer: 'created reversed updated',
  'treasury.credit_reversal': 'created posted',
  'treasury.debit_reversal': 'completed created initial_credit_granted',
  'treasury.financial_account': 'closed created features_status_updated',
  'treasury.inbound_transfer': 'canceled created failed succeeded',
  'treasury.outbound_payment':
    'canceled created expected_arrival_date_updated failed posted returned tracking_details_updated',
  'treasury.outbound_transfer':
    'canceled created expected_arrival_date_updated failed posted returned tracking_details_updated',
  'treasury.received_credit': 'created failed succeeded',
  'treasury.received_debit': 'created',
}

const words = (text: string): string[] => text.split(' ')
const verbOf = (type: string): string => type.slice(type.lastIndexOf('.') + 1)

const verbRanks = new Map(RANKS.flatMap(([rank, verbs]) => words(verbs).map((verb) => [verb, rank] as const)))
const urgencies = new Map<string, Urgency>([
  ...NOW.flatMap(words).map((name) => [name, 'now'] as const),
  ...BATCH.flatMap(words).map((name) => [name, 'batch'] as const),
])
const facts = new Map(Object.entries(FAMILIES).flatMap(([family, verbs]) => words(verbs).map((v) => fact(family, v))))

function rankOfVerb(verb: string): number {
  return verbRanks.get(verb) ?? RANK_UNKNOWN
}

function fact(family: string, verb: string): [string, Facts] {
  const type = `${family}.${verb}`
  const rank = RANK_EXCEPTIONS[type] ?? rankOfVerb(verb)
  return [type, { family, rank, urgency: urgencies.get(type) ?? urgencies.get(family) ?? 'soon' }]
}

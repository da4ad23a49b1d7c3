/** What `data.object` of an event type is (`data.object.object`). Most types are named after it: `invoice.paid` tells of an `invoice`. */
export function kindOf(type: string): string {
  const family = type.split('.').slice(0, -1).join('.')
  return KINDS[type] ?? KINDS[family] ?? (family || type)
}

/** Whether Stripe gives the object of such an event an id. */
export const isNamed = (type: string): boolean => !NAMELESS.has(type)

/** Types and families of types that are named otherwise than their objects. */
const KINDS: Readonly<Record<string, string>> = {
  'account.application': 'application',
  // A card or a source, in accounts that still have them.
  'account.external_account': 'bank_account',
  'application_fee.refund': 'fee_refund',
  'billing.alert': 'billing.alert_triggered',
  'charge.dispute': 'dispute',
  'charge.refund': 'refund',
  'customer.discount': 'discount',
  'customer.source': 'card',
  'customer.subscription': 'subscription',
  'customer.tax_id': 'tax_id',
  issuing_authorization: 'issuing.authorization',
  issuing_card: 'issuing.card',
  issuing_cardholder: 'issuing.cardholder',
  issuing_dispute: 'issuing.dispute',
  issuing_personalization_design: 'issuing.personalization_design',
  issuing_token: 'issuing.token',
  issuing_transaction: 'issuing.transaction',
  'sigma.scheduled_query_run': 'scheduled_query_run',
  'source.mandate_notification': 'source_mandate_notification',
  'source.transaction': 'source_transaction',
}

const NAMELESS: ReadonlySet<string> = new Set([
  'balance.available',
  'balance_settings.updated',
  'billing.alert.triggered',
  'cash_balance.funds_available',
  'entitlements.active_entitlement_summary.updated',
  'invoice.upcoming',
  'tax.settings.updated',
])

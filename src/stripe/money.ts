/** An amount in the minor units of its currency, as Stripe writes it. */
export interface Money {
  /** Three letters, lower case. */
  readonly currency: string
  readonly minor: number
}

/** Where objects of each kind say what they are worth; kinds that are not here are about no amount of their own. */
const AMOUNTS: Readonly<Record<string, readonly string[]>> = {
  application_fee: ['amount'],
  charge: ['amount'],
  'checkout.session': ['amount_total'],
  credit_note: ['total', 'amount'],
  dispute: ['amount'],
  invoice: ['total', 'amount_due'],
  invoiceitem: ['amount'],
  payment_intent: ['amount'],
  payout: ['amount'],
  quote: ['amount_total'],
  refund: ['amount'],
  source: ['amount'],
  topup: ['amount'],
  transfer: ['amount'],
}

/** What an event's object is worth; null where it is about no amount. */
export function moneyOf(body: Uint8Array): Money | null {
  const object = objectIn(body)
  const { object: kind, currency } = object
  const fields = typeof kind === 'string' ? (AMOUNTS[kind] ?? []) : []
  const minor = fields.map((field) => object[field]).find((value) => Number.isSafeInteger(value))
  if (minor === undefined || typeof currency !== 'string' || !/^[a-z]{3}$/.test(currency)) return null
  return { currency, minor: minor as number }
}

function objectIn(body: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()).data.object ?? {}
  } catch {
    return {}
  }
}

// Stripe's own lists: the two digits of ISK, HUF, TWD and UGX are Stripe's, whatever ISO 4217 says.
const NO_DIGITS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const THREE_DIGITS = 'bhd jod kwd omr tnd'.split(' ')

/** `EUR 1,234.50` */
export function spelled({ currency, minor }: Money): string {
  const digits = NO_DIGITS.includes(currency) ? 0 : THREE_DIGITS.includes(currency) ? 3 : 2
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${currency.toUpperCase()} ${format.format(minor / 10 ** digits)}`
}

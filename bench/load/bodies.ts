/** A pretty-printed event with the places of what changes from request to request. All offsets are into `body`. */
export interface Template {
  readonly body: Buffer
  readonly eventAt: number
  readonly chargeAt: number
  readonly customerAt: number
  readonly sentAt: number
  readonly createdAt: readonly number[]
}

/** Lengths of what is written in place: after `evt_` and `ch_`, after `cus_`, of `metadata.sent`, and of an instant in seconds. */
export const ID_LENGTH = 24
export const CUSTOMER_LENGTH = 14
export const SENT_LENGTH = 16
export const CREATED_LENGTH = 10

/** `charge.succeeded` as Stripe renders it (two spaces, raw UTF-8, about 2.9 KB), each with other amounts, names and cards. */
export function templates(count = 64, type = 'charge.succeeded'): Template[] {
  return Array.from({ length: count }, (_, index) => template(index, type))
}

/** Of the class `now`. For what is measured only its type differs. */
export const BUYER = 'checkout.session.completed'

function template(index: number, type: string): Template {
  const body = Buffer.from(JSON.stringify({ ...chargeSucceeded(index), type }, null, 2))
  return {
    body,
    eventAt: only(body, EVENT),
    chargeAt: only(body, CHARGE),
    customerAt: only(body, CUSTOMER),
    sentAt: only(body, SENT),
    createdAt: [body.indexOf(CREATED), body.lastIndexOf(CREATED)],
  }
}

/** Where the mark stands; a second one would be left with a stale value. */
function only(body: Buffer, mark: string): number {
  const at = body.indexOf(mark)
  if (at < 0 || body.lastIndexOf(mark) !== at) throw new Error(`The template does not hold exactly one ${mark}.`)
  return at
}

const EVENT = 'E'.repeat(ID_LENGTH)
const CHARGE = 'C'.repeat(ID_LENGTH)
const CUSTOMER = 'U'.repeat(CUSTOMER_LENGTH)
const SENT = 'S'.repeat(SENT_LENGTH)
const CREATED = '1999999999'

const CITIES = ['Zürich', 'København', 'Łódź', 'Ciudad Juárez', 'São Paulo', 'Toulouse', 'Kyōto', 'Reykjavík']
const BRANDS = ['visa', 'mastercard', 'amex', 'discover']

function chargeSucceeded(index: number): object {
  return {
    id: `evt_${EVENT}`,
    object: 'event',
    api_version: '2026-04-22.dahlia',
    created: Number(CREATED),
    data: { object: charge(index) },
    livemode: false,
    pending_webhooks: 1 + (index % 3),
    request: {
      id: `req_${word(index, 14)}`,
      idempotency_key: `${word(index, 8)}-1c2d-4e3f-8a9b-${word(index + 7, 12)}`,
    },
    type: 'charge.succeeded',
  }
}

function charge(index: number): object {
  const amount = 1_000 + index * 137
  return {
    id: `ch_${CHARGE}`,
    object: 'charge',
    amount,
    amount_captured: amount,
    amount_refunded: 0,
    balance_transaction: `txn_3${word(index, 23)}`,
    billing_details: billing(index),
    calculated_statement_descriptor: 'HOOKKEEPER BENCH',
    captured: true,
    created: Number(CREATED),
    currency: index % 2 ? 'eur' : 'usd',
    customer: `cus_${CUSTOMER}`,
    description: `Subscription renewal ${word(index, 6)}`,
    disputed: false,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { order: `order-${10_000 + index}`, campaign: `spring-${index % 5}`, sent: SENT },
    outcome: {
      network_status: 'approved_by_network',
      reason: null,
      risk_level: 'normal',
      risk_score: index,
      seller_message: 'Payment complete.',
      type: 'authorized',
    },
    paid: true,
    payment_intent: `pi_3${word(index + 3, 23)}`,
    payment_method: `pm_1${word(index + 5, 23)}`,
    payment_method_details: { card: card(index, amount), type: 'card' },
    receipt_email: null,
    receipt_url: `https://pay.stripe.com/receipts/payment/${word(index, 60)}?s=ap`,
    refunded: false,
    shipping: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
  }
}

function billing(index: number): object {
  return {
    address: {
      city: CITIES[index % CITIES.length],
      country: 'CH',
      line1: `${index + 1} Long Street`,
      line2: null,
      postal_code: String(10_000 + index),
      state: null,
    },
    email: `customer-${index}@example.com`,
    name: `Jenny ${word(index, 8)}`,
    phone: null,
    tax_id: null,
  }
}

function card(index: number, amount: number): object {
  return {
    amount_authorized: amount,
    authorization_code: String(100_000 + index),
    brand: BRANDS[index % BRANDS.length],
    checks: { address_line1_check: 'pass', address_postal_code_check: 'pass', cvc_check: 'pass' },
    country: 'US',
    exp_month: 1 + (index % 12),
    exp_year: 2030 + (index % 7),
    fingerprint: word(index, 16),
    funding: 'credit',
    last4: String(4_000 + index),
    network: BRANDS[index % BRANDS.length],
    network_token: { used: false },
    network_transaction_id: String(100_000_000_000_000 + index),
    regulated_status: 'unregulated',
    three_d_secure: null,
    wallet: null,
  }
}

const LETTERS = 'abcdefghijkmnopqrstvwxyzABDFGHJKLMNOPQRSTVWXYZ0123456789'

/** Letters without a meaning, the same for the same index; without the letters' runs that mark the places above. */
function word(index: number, length: number): string {
  let state = index * 2_654_435_761 + length
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return LETTERS[state % LETTERS.length]
  }).join('')
}

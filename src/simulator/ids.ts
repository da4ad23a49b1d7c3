import type { Random } from '../core/random.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Makes ids of Stripe's form for one account. Most kinds carry the second of their making and the account, then a random part. */
export interface Ids {
  make(prefix: string, atMs: number): string
  /** `length` random letters and digits, for what is no id: secrets, fingerprints, paths. */
  text(length: number): string
}

// Kinds that Stripe gives no time: a random part only, of this length.
const TIMELESS: Readonly<Record<string, number>> = {
  cus: 14,
  prod: 14,
  acct: 16,
  si: 14,
  req: 14,
  cs_test_a1: 56,
  cs_live_a1: 56,
}
// A payment, its charge and its refund count as one family, told by a 3 where the others have a 1.
const PAYMENTS = new Set(['pi', 'ch', 'py', 're', 'txn'])

export function createIds(random: Random, account: string): Ids {
  const owner = account.slice(-10).padStart(10, 'A')
  const text = (length: number) => Array.from({ length }, () => ALPHABET[Math.floor(random() * 62)]).join('')
  const make = (prefix: string, atMs: number) => {
    const timeless = TIMELESS[prefix]
    if (timeless !== undefined) return `${prefix}${prefix.startsWith('cs_') ? '' : '_'}${text(timeless)}`
    return `${prefix}_${PAYMENTS.has(prefix) ? 3 : 1}${inBase62(Math.floor(atMs / 1000))}${owner}${text(8)}`
  }
  return { make, text }
}

function inBase62(value: number): string {
  let digits = ''
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) digits = ALPHABET[rest % 62] + digits
  return digits
}

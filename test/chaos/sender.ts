import { Pool } from 'undici'
import { PATH, signatureOf } from './delivery.ts'

/** What became of one delivery: its status, or that there was nobody to answer. */
export interface Answered {
  readonly status: number | 'no answer'
  readonly retryAfter: string | null
  readonly tookMs: number
}

const CONNECTIONS = 64
/** Longer than the product takes to say 503. */
const ANSWER_MS = 15_000

/** Stripe's side: connections that are kept, and each delivery signed anew. */
export class Sender {
  readonly #pool: Pool

  constructor(origin: string, { connections = CONNECTIONS } = {}) {
    this.#pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS })
  }

  async post(body: Uint8Array, signature = signatureOf(body)): Promise<Answered> {
    const from = performance.now()
    const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature }
    try {
      const response = await this.#pool.request({ path: PATH, method: 'POST', headers, body })
      const retryAfter = response.headers['retry-after']
      // A 200 counts when it was heard, whatever becomes of the bytes after it.
      await response.body.dump().catch(() => {})
      const tookMs = performance.now() - from
      return { status: response.statusCode, retryAfter: typeof retryAfter === 'string' ? retryAfter : null, tookMs }
    } catch {
      return { status: 'no answer', retryAfter: null, tookMs: performance.now() - from }
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

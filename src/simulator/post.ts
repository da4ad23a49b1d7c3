import { Pool } from 'undici'
import type { Clock } from '../core/clock.ts'
import { sign } from '../stripe/signature.ts'
import type { Delivery } from './faults.ts'
import type { Answer } from './report.ts'

export interface PostOptions {
  readonly to: string
  readonly secrets: readonly string[]
  readonly clock: Clock
  readonly timeoutMs: number
  readonly connections: number
}

/** Makes the requests that Stripe would make, over connections that are kept. */
export interface Post {
  /** Resolves with the answer, or with what came instead of one. Never rejects. */
  send(delivery: Delivery): Promise<Answer>
  close(): Promise<void>
}

// Nobody reads the answer's body; more than this of it closes the connection.
const ANSWER_BYTES_MAX = 16_384
// Whom a forged delivery is signed by.
const STRANGERS_SECRET = 'whsec_not_the_secret_of_this_endpoint'

export function createPost({ to, secrets, clock, timeoutMs, connections }: PostOptions): Post {
  const url = new URL(to)
  // Our own clock decides when an attempt has taken too long.
  const pool = new Pool(url.origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const path = url.pathname + url.search

  async function request(delivery: Delivery, signal: AbortSignal): Promise<number> {
    const headers = headersOf(delivery, secrets, clock.now())
    const answer = await pool.request({ path, method: 'POST', headers, body: delivery.body, signal })
    await answer.body.dump({ limit: ANSWER_BYTES_MAX, signal })
    return answer.statusCode
  }
  return {
    close: () => pool.destroy(),
    async send(delivery) {
      const late = new AbortController()
      const cancel = clock.after(timeoutMs, () => late.abort())
      try {
        return await request(delivery, late.signal)
      } catch {
        return late.signal.aborted ? 'timeout' : 'unreachable'
      } finally {
        cancel()
      }
    },
  }
}

/** The time and the signature are made anew for each attempt. A torn body has the signature of the whole one. */
function headersOf(delivery: Delivery, secrets: readonly string[], at: number): Record<string, string> {
  const signers = delivery.kind === 'forged' ? [STRANGERS_SECRET] : secrets
  return {
    'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    accept: '*/*; q=0.5, application/xml',
    'accept-encoding': 'gzip',
    'content-type': 'application/json; charset=utf-8',
    'stripe-signature': sign({ body: delivery.event.body, secrets: signers, at, decoy: true }),
  }
}

import type { Dispatcher, Pool } from 'undici'
import type { Clock } from '../core/clock.ts'
import { failure, type HookkeeperError } from '../core/errors.ts'
import { Dead, Later } from '../core/outcome.ts'
import type { Random } from '../core/random.ts'
import { type Answer, Breaker } from './breaker.ts'

/** Of an answer's body so much is read, to keep the connection; a longer one costs the connection. */
const ANSWER_BYTES_MAX = 64 * 1024

/** `Retry-After` is heard between these bounds. */
const RETRY_AFTER_MIN_MS = 1_000
const RETRY_AFTER_MAX_MS = 3_600_000

export interface Post {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

interface Seams {
  readonly clock: Clock
  readonly random: Random
}

/** One address that events are posted to: its connections and its breaker. Redirects are answers like any other, and not followed. */
export class Target {
  readonly name: string
  readonly #url: URL
  readonly #limits: { timeoutMs: number; connections: number }
  readonly #breaker: Breaker
  #pool: Promise<Pool> | null = null

  constructor(url: string, limits: { timeoutMs: number; connections: number }) {
    this.#url = address(url)
    this.name = this.#url.host
    this.#limits = limits
    this.#breaker = new Breaker(this.name)
  }

  /** Resolves when the destination has taken it. Throws `Dead`, `Later`, `destination_failed` or `destination_unreachable`. */
  async post(post: Post, seams: Seams, signal: AbortSignal): Promise<void> {
    return this.#judge(await this.#breaker.guard(() => this.#send(post, seams, signal), seams))
  }

  async close(): Promise<void> {
    const pool = await this.#pool
    this.#pool = null
    await pool?.destroy()
  }

  async #send(post: Post, { clock }: Seams, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs } = this.#limits
    const abort = new AbortController()
    const stop = () => abort.abort(signal.reason)
    const cancel = clock.after(timeoutMs, () => abort.abort(this.#unreachable(`no answer in ${timeoutMs} ms`)))
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    try {
      const { statusCode: status, headers, body } = await this.#request(post, abort.signal)
      // The status is the answer: whatever becomes of the rest, it stands.
      await readOut(body, abort.signal).catch(() => {})
      return { status, laterMs: laterMs(status, headers['retry-after'], clock.now()) }
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
    }
  }

  async #request({ body, headers }: Post, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const path = `${this.#url.pathname}${this.#url.search}`
    // Our own timer bounds the whole; undici's would each bound a part of it.
    const request = { path, method: 'POST', headers, body, signal, headersTimeout: 0, bodyTimeout: 0 } as const
    try {
      const pool = await (this.#pool ??= open(this.#url.origin, this.#limits.connections))
      return await pool.request(request)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw this.#unreachable(codeOf(error), error)
    }
  }

  #judge({ status, laterMs }: Answer): void {
    if (status >= 200 && status < 300) return
    const cause = failure('destination_failed', { host: this.name, status })
    if (status === 410) throw Object.assign(new Dead('410'), { cause })
    if (laterMs !== null) throw Object.assign(new Later(laterMs), { cause })
    throw cause
  }

  #unreachable(code: string, cause?: unknown): HookkeeperError {
    return failure('destination_unreachable', { host: this.name, code }, { cause })
  }
}

function address(url: string): URL {
  const found = URL.canParse(url) ? new URL(url) : null
  if (found && /^https?:$/.test(found.protocol) && !found.username && !found.password) return found
  throw failure('config_invalid', {
    where: 'forward',
    what: 'its address has to be http(s)://host/path, with no user in it',
  })
}

// 30 MB of memory that nobody needs who does not forward.
async function open(origin: string, connections: number): Promise<Pool> {
  const { Pool } = await import('undici')
  return new Pool(origin, { connections, pipelining: 1 })
}

async function readOut(body: Dispatcher.ResponseData['body'], signal: AbortSignal): Promise<void> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Uint8Array).byteLength
    // Leaving the loop destroys the stream, and with it the connection.
    if (bytes > ANSWER_BYTES_MAX || signal.aborted) return
  }
}

/** How long a destination asks to be left alone (seconds or an HTTP date), or null. */
function laterMs(status: number, header: string | string[] | undefined, now: number): number | null {
  if ((status !== 429 && status !== 503) || typeof header !== 'string') return null
  const text = header.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS)
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : 'no connection'
}

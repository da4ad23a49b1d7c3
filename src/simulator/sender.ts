import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { createAgenda } from './agenda.ts'
import type { Delivery } from './faults.ts'
import { type Attempt, createQueue, type Pace } from './pace.ts'
import { createPost, type Post } from './post.ts'
import { createTally, type SendReport, taken } from './report.ts'
import { LIVE_RETRIES_MS } from './retries.ts'

export interface SenderOptions {
  /** The receiver's address, path included. */
  readonly to: string
  /** One `v1` is sent for each; two while a secret is rolled. */
  readonly secrets: readonly string[]
  readonly clock: Clock
  readonly random: Random
  /** When a delivery leaves, on `clock`: see `atRate` and `atSpeed`. */
  readonly pace: Pace
  /** Divides the delays between attempts, so that three days of retries fit into a test. */
  readonly speed?: number
  /** The delay after each failed attempt, in milliseconds of the merchant's time; after the last nothing more is tried. */
  readonly retriesMs?: readonly number[]
  /** Requests in flight at once; more wait. */
  readonly concurrency?: number
  /** Stripe publishes no time-out: ten seconds is an assumption. */
  readonly timeoutMs?: number
  /** Hears of each good delivery as it leaves for the first time. */
  readonly onSend?: (delivery: Delivery) => void
  readonly signal?: AbortSignal
}

export interface Sender {
  /**
   * Sends all of `deliveries`, each at its pace, and again what was not answered with a 2xx, until everything was taken or
   * given up. A torn or forged delivery is sent once: its redelivery is in the list. When the signal aborts, nothing new
   * leaves, and what is in flight is waited for.
   */
  run(deliveries: Iterable<Delivery>): Promise<SendReport>
  report(): SendReport
}

export const CONCURRENCY = 64
export const TIMEOUT_MS = 10_000

export function createSender(options: SenderOptions): Sender {
  const { clock, random, pace, signal, speed = 1, retriesMs = LIVE_RETRIES_MS, concurrency = CONCURRENCY } = options
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const again = createAgenda<Attempt>()
  const tally = createTally(timeoutMs)
  const bell = createBell(clock)
  let inFlight = 0

  async function attempt(post: Post['send'], { delivery, number }: Attempt): Promise<void> {
    inFlight++
    const beganAt = clock.now()
    const answer = await post(delivery)
    tally.count({ delivery, answer, tookMs: clock.now() - beganAt })
    if (delivery.kind === 'good' && !taken(answer)) retry(delivery, number)
    inFlight--
    bell.ring()
  }

  function retry(delivery: Delivery, number: number): void {
    const delayMs = retriesMs[number - 1]
    if (delayMs === undefined) {
      tally.giveUp(delivery.event.id)
      return
    }
    tally.retry()
    // A tenth of jitter, so that what failed together does not come back in one blow.
    again.note(clock.now() + (delayMs * (1 + random() * 0.1)) / speed, { delivery, number: number + 1 })
  }

  async function work(deliveries: Iterable<Delivery>, { send }: Post): Promise<void> {
    const due = createQueue(deliveries, pace, again)
    while (!signal?.aborted) {
      const dueAt = due.next()
      if (dueAt === null && inFlight === 0) return
      const free = dueAt !== null && inFlight < concurrency
      if (!free || dueAt > clock.now()) {
        await bell.wait(free ? dueAt - clock.now() : null)
        continue
      }
      const next = due.take()
      if (next.delivery.kind === 'dropped') tally.drop(next.delivery.event.id)
      else {
        if (next.number === 1 && next.delivery.kind === 'good') options.onSend?.(next.delivery)
        void attempt(send, next)
      }
    }
    while (inFlight > 0) await bell.wait(null)
  }

  return {
    report: () => tally.report({ inFlight, waiting: again.size }),
    async run(deliveries) {
      const post = createPost({ to: options.to, secrets: options.secrets, clock, timeoutMs, connections: concurrency })
      signal?.addEventListener('abort', bell.ring, { once: true })
      try {
        await work(deliveries, post)
      } finally {
        signal?.removeEventListener('abort', bell.ring)
        await post.close()
      }
      return this.report()
    },
  }
}

/** Waiting for a time, or for somebody to ring before it. */
function createBell(clock: Clock) {
  let wake: (() => void) | null = null
  return {
    ring: () => wake?.(),
    wait: (ms: number | null) =>
      new Promise<void>((resolve) => {
        const cancel = ms === null ? () => {} : clock.after(ms, () => wake?.())
        wake = () => {
          wake = null
          cancel()
          resolve()
        }
      }),
  }
}

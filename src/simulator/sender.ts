import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { createAgenda } from './agenda.ts'
import type { Delivery } from './faults.ts'
import { type Attempt, createQueue, type Pace } from './pace.ts'
import { createPost, type Post } from './post.ts'
import { type Answer, createTally, type SendReport, taken } from './report.ts'
import { DISABLE_AFTER_MS, LIVE_RETRIES_MS } from './retries.ts'

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
  /** When nothing was taken for so long, in milliseconds of the merchant's time, the endpoint is disabled: nothing more leaves. */
  readonly disableAfterMs?: number
  /** Requests in flight at once; more wait. */
  readonly concurrency?: number
  /** Stripe publishes no time-out: ten seconds is an assumption. */
  readonly timeoutMs?: number
  /** Hears of each good delivery as it leaves for the first time. */
  readonly onSend?: (delivery: Delivery) => void
  /** Hears each answer, and once how a delivery ended: of a good one, when nothing more will be tried. */
  readonly onAnswer?: (delivery: Delivery, answer: Answer) => void
  readonly onEnd?: (delivery: Delivery, end: End) => void
  readonly signal?: AbortSignal
}

/** How one delivery ended. What is torn or forged is `refused` when all is well. */
export type End = 'accepted' | 'refused' | 'gaveUp' | 'dropped' | 'ungenerated' | 'withheld'

export interface Sender {
  /**
   * Sends all of `deliveries`, each at its pace, and again what was not answered with a 2xx, until everything was taken or
   * given up. A torn or forged delivery is sent once: its redelivery is in the list. When the signal aborts, nothing new
   * leaves, and what is in flight is waited for.
   */
  run(deliveries: Iterable<Delivery>): Promise<SendReport>
  report(): SendReport
  /** A disabled endpoint is sent to again; what was withheld stays so. */
  enable(): void
}

export const CONCURRENCY = 64
export const TIMEOUT_MS = 10_000

export function createSender(options: SenderOptions): Sender {
  const { clock, random, pace, signal, speed = 1, retriesMs = LIVE_RETRIES_MS, concurrency = CONCURRENCY } = options
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const again = createAgenda<Attempt>()
  const tally = createTally(timeoutMs)
  const bell = createBell(clock)
  const endpoint = createEndpoint((options.disableAfterMs ?? DISABLE_AFTER_MS) / speed)
  const ended = (delivery: Delivery, end: End) => options.onEnd?.(delivery, end)
  let inFlight = 0

  async function attempt(post: Post['send'], { delivery, number }: Attempt): Promise<void> {
    inFlight++
    const beganAt = clock.now()
    const answer = await post(delivery)
    tally.count({ delivery, answer, tookMs: clock.now() - beganAt })
    options.onAnswer?.(delivery, answer)
    if (delivery.kind !== 'good') ended(delivery, taken(answer) ? 'accepted' : 'refused')
    else {
      endpoint.note(taken(answer), clock.now())
      if (taken(answer)) ended(delivery, 'accepted')
      else retry(delivery, number)
    }
    inFlight--
    bell.ring()
  }

  function retry(delivery: Delivery, number: number): void {
    const delayMs = retriesMs[number - 1]
    if (delayMs === undefined) {
      tally.giveUp(delivery.event.id)
      ended(delivery, 'gaveUp')
      return
    }
    tally.retry()
    // A tenth of jitter, so that what failed together does not come back in one blow.
    again.note(clock.now() + (delayMs * (1 + random() * 0.1)) / speed, { delivery, number: number + 1 })
  }

  /** Counts what is not to be sent, and says why; null where it is. */
  function unsent({ delivery: { kind, event } }: Attempt): End | null {
    if (kind === 'ungenerated') tally.skip(event.id)
    else if (kind === 'dropped') tally.drop(event.id)
    else if (endpoint.disabledAt() === null) return null
    else {
      tally.withhold(event.id)
      return 'withheld'
    }
    return kind
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
      const end = unsent(next)
      if (end) ended(next.delivery, end)
      else {
        if (next.number === 1 && next.delivery.kind === 'good') options.onSend?.(next.delivery)
        void attempt(send, next)
      }
    }
    while (inFlight > 0) await bell.wait(null)
  }

  return {
    enable: endpoint.enable,
    report: () => tally.report({ inFlight, waiting: again.size, disabledAt: endpoint.disabledAt() }),
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

/** Whether the address is still sent to: as Stripe does, it is disabled when every attempt of some days has failed. */
function createEndpoint(disableAfterMs: number) {
  let failingSince: number | null = null
  let disabledAt: number | null = null
  return {
    disabledAt: () => disabledAt,
    note(taken: boolean, now: number): void {
      if (taken) failingSince = null
      else failingSince ??= now
      if (failingSince !== null && now - failingSince >= disableAfterMs) disabledAt ??= now
    },
    enable(): void {
      failingSince = null
      disabledAt = null
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

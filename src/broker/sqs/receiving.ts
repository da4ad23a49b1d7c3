import type { Clock } from '../../core/clock.ts'
import type { BrokerError, Wanted } from '../broker.ts'
import type { Queue, Received } from './queue.ts'
import { REQUEST_MAX } from './sending.ts'

/** As long as SQS lets one request wait. */
const WAIT_SECONDS = 20
/** SQS waits in whole seconds. What is left of one is asked in short: a request that is given up may take a message with it. */
const SHORT_MS = 100

interface Receiving {
  readonly queue: Queue
  readonly clock: Clock
  readonly lentMs: number
}

/** Asks until something comes, the wait is over or the signal aborts. */
export async function receiveSome(want: Wanted, from: Receiving, signal: AbortSignal): Promise<Received[]> {
  const untilAt = from.clock.now() + want.waitMs
  while (!signal.aborted) {
    const leftMs = untilAt - from.clock.now()
    const waitSeconds = Math.min(Math.max(Math.floor(leftMs / 1_000), 0), WAIT_SECONDS)
    const first = await ask(Math.min(want.max, REQUEST_MAX), waitSeconds, from, signal)
    if (first.length > 0) return first.length < REQUEST_MAX ? first : more(first, want.max, from, signal)
    if (leftMs <= 0) break
    if (waitSeconds === 0) await pause(Math.min(SHORT_MS, leftMs), from.clock, signal)
  }
  return []
}

/** Twice as many requests at once for as long as all that were asked came back full: a short queue costs one. */
async function more(first: Received[], max: number, from: Receiving, signal: AbortSignal): Promise<Received[]> {
  const came = [...first]
  for (let atOnce = 1; came.length < max && !signal.aborted; atOnce *= 2) {
    const left = max - came.length
    const sizes = Array.from({ length: Math.min(atOnce, Math.ceil(left / REQUEST_MAX)) }, (_, n) =>
      Math.min(REQUEST_MAX, left - n * REQUEST_MAX),
    )
    // What has come is on loan already: trouble with the rest is the next receive's.
    const asked = sizes.map((size) => ask(size, 0, from, signal).catch((_: BrokerError): Received[] => []))
    const rounds = await Promise.all(asked)
    came.push(...rounds.flat())
    if (rounds.some((round, n) => round.length < (sizes[n] ?? 0))) break
  }
  return came
}

async function ask(max: number, waitSeconds: number, from: Receiving, signal: AbortSignal): Promise<Received[]> {
  const lentSeconds = Math.ceil(from.lentMs / 1_000)
  try {
    return await from.queue.receive({ max, waitSeconds, lentSeconds }, signal)
  } catch (error) {
    if (signal.aborted) return []
    throw error
  }
}

const pause = (ms: number, clock: Clock, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal.addEventListener('abort', done, { once: true })
  })

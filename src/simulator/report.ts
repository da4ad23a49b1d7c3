import type { Delivery } from './faults.ts'

/** A status, or what came instead of one. */
export type Answer = number | 'timeout' | 'unreachable'

/** Only a 2xx is a success; redirects are not followed. */
export const taken = (answer: Answer): boolean => typeof answer === 'number' && answer >= 200 && answer < 300

/** What became of the deliveries so far. */
export interface SendReport {
  /** Requests made, whatever they held. */
  readonly sent: number
  /** Ids of events of which a good delivery got a 2xx: what the receiver must never lose. At most a million are remembered. */
  readonly accepted: ReadonlySet<string>
  /** How often a good delivery was answered otherwise, by status, `timeout` or `unreachable`. */
  readonly refused: Readonly<Record<string, number>>
  /** Further attempts that refusals led to. */
  readonly retried: number
  /** Ids whose attempts are used up and that were never accepted. */
  readonly gaveUp: ReadonlySet<string>
  /** Ids never sent, as the fault rates wished. */
  readonly dropped: ReadonlySet<string>
  /** Ids of events that were never made, as the fault rates wished. */
  readonly ungenerated: ReadonlySet<string>
  /** Since when the endpoint is disabled, on the sender's clock, because every attempt of days had failed; null while it is not. */
  readonly disabledAt: number | null
  /** Ids that were not sent, or not sent again, because of that. */
  readonly withheld: ReadonlySet<string>
  /** Torn and forged deliveries that were refused, as they should be. */
  readonly badRefused: number
  /** Ids of torn or forged deliveries that were answered with a 2xx: a receiver that does this does not verify. */
  readonly badAccepted: ReadonlySet<string>
  readonly inFlight: number
  /** Waiting for a further attempt. */
  readonly waiting: number
  /** From request to answer, of all that were answered. Null before the first. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null
}

export const REMEMBERED_MAX = 1_000_000

export interface Counted {
  readonly delivery: Delivery
  readonly answer: Answer
  readonly tookMs: number
}

export function createTally(timeoutMs: number) {
  const accepted = new Set<string>()
  const gaveUp = new Set<string>()
  const dropped = new Set<string>()
  const ungenerated = new Set<string>()
  const withheld = new Set<string>()
  const badAccepted = new Set<string>()
  const refused: Record<string, number> = {}
  const latency = createLatency(timeoutMs)
  let [sent, retried, badRefused] = [0, 0, 0]

  function countBad(id: string, answer: Answer): void {
    if (taken(answer)) remember(badAccepted, id)
    else badRefused++
  }
  function countGood(id: string, answer: Answer): void {
    if (!taken(answer)) refused[answer] = (refused[answer] ?? 0) + 1
    else {
      remember(accepted, id)
      gaveUp.delete(id)
      withheld.delete(id)
    }
  }
  return {
    count({ delivery, answer, tookMs }: Counted): void {
      sent++
      if (typeof answer === 'number') latency.note(tookMs)
      if (delivery.kind === 'good') countGood(delivery.event.id, answer)
      else countBad(delivery.event.id, answer)
    },
    drop: (id: string) => remember(dropped, id),
    skip: (id: string) => remember(ungenerated, id),
    withhold(id: string): void {
      if (!accepted.has(id)) remember(withheld, id)
    },
    retry: () => void retried++,
    giveUp(id: string): void {
      if (!accepted.has(id)) remember(gaveUp, id)
    },
    report: (now: { inFlight: number; waiting: number; disabledAt: number | null }): SendReport => ({
      ...{ sent, accepted, refused: { ...refused }, retried, gaveUp, dropped, badRefused, badAccepted, ...now },
      ...{ ungenerated, withheld },
      latencyMs: latency.quantiles(),
    }),
  }
}

// A simulation may run for weeks; the first million ids are enough to check.
function remember(ids: Set<string>, id: string): void {
  if (ids.size < REMEMBERED_MAX) ids.add(id)
}

/** Whole milliseconds, counted: exact to the millisecond, and no larger after a week than after a minute. */
function createLatency(timeoutMs: number) {
  const counts = new Uint32Array(Math.ceil(timeoutMs) + 2)
  let total = 0
  const quantile = (share: number) => {
    let left = Math.ceil(total * share)
    return counts.findIndex((count) => (left -= count) <= 0)
  }
  return {
    note(ms: number): void {
      total++
      counts[Math.min(Math.max(0, Math.round(ms)), counts.length - 1)]!++
    },
    quantiles: () => (total === 0 ? null : { p50: quantile(0.5), p99: quantile(0.99) }),
  }
}

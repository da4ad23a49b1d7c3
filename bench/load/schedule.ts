/** When requests are meant to be sent. Times are milliseconds on one clock. */
export interface Schedule {
  /** The time for which the next request was meant, and counts it as sent; null when none is due at `now`. */
  take(now: number): number | null
  /** No request will be due any more, however late it gets. */
  over(now: number): boolean
}

/** Each connection sends its next request when it has its answer, until the time or the number is used up. */
export function closedLoop({ untilAt, requestsMax }: { untilAt: number; requestsMax: number }): Schedule {
  let sent = 0
  return {
    take(now) {
      if (now >= untilAt || sent >= requestsMax) return null
      sent++
      return now
    },
    over: (now) => now >= untilAt || sent >= requestsMax,
  }
}

/**
 * Requests at a fixed rate, whatever the answers do. One that finds every connection busy goes out late but keeps the time it
 * was meant for, so that a server that stalls is charged for all who would have come meanwhile (coordinated omission).
 */
export function openLoop(plan: {
  startAt: number
  ratePerSecond: number
  untilAt: number
  requestsMax: number
}): Schedule {
  const everyMs = 1_000 / plan.ratePerSecond
  const total = Math.min(plan.requestsMax, Math.floor((plan.untilAt - plan.startAt) / everyMs))
  let sent = 0
  return {
    take(now) {
      const meantAt = plan.startAt + sent * everyMs
      if (sent >= total || meantAt > now) return null
      sent++
      return meantAt
    },
    over: () => sent >= total,
  }
}

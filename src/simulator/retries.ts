import { DAY, HOUR, MINUTE } from './calendar.ts'

/**
 * Stripe says "exponential back-off, up to three days" and publishes no table. This one is an assumption, and a parameter
 * wherever it is used.
 *
 * | after attempt | delay | since the first |
 * |--:|--:|--:|
 * | 1 | 5 min | 5 min |
 * | 2 | 30 min | 35 min |
 * | 3 | 1 h | 1 h 35 min |
 * | 4 | 2 h | 3 h 35 min |
 * | 5 | 4 h | 7 h 35 min |
 * | 6 | 8 h | 15 h 35 min |
 * | 7 to 10 | 12 h each | 63 h 35 min |
 * | 11 | given up: the next would be after 72 h | |
 */
export const LIVE_RETRIES_MS: readonly number[] = [
  5 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
]

/** After so long without one success Stripe disables an endpoint: nine days, say the mails that people were sent of it. */
export const DISABLE_AFTER_MS = 9 * DAY

/** In a sandbox Stripe tries three more times over a few hours. */
export const SANDBOX_RETRIES_MS: readonly number[] = [HOUR, 2 * HOUR, 4 * HOUR]

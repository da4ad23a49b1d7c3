export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/**
 * The instant `months` after `anchorAt`. A day that the month lacks becomes the month's last, and always counted from the
 * anchor, so that a subscription of the 31st renews on the 28th of February and on the 31st of March.
 */
export function monthsAfter(anchorAt: number, months: number): number {
  const anchor = new Date(anchorAt)
  const target = new Date(anchorAt)
  target.setUTCDate(1)
  target.setUTCMonth(anchor.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate()
  target.setUTCDate(Math.min(anchor.getUTCDate(), lastDay))
  return target.getTime()
}

export const seconds = (atMs: number): number => Math.floor(atMs / 1000)

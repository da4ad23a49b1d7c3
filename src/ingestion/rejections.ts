import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'

export interface RejectionLimits {
  readonly windowMs: number
  readonly linesPerAddress: number
  readonly linesMax: number
}

export const rejectionDefaults: RejectionLimits = { windowMs: 60_000, linesPerAddress: 5, linesMax: 100 }

/**
 * Log lines about bad requests: the first few of each address and minute, then one line that says how many more there
 * were.
 */
export class Rejections {
  #deps: { clock: Clock; log: Logger }
  #limits: RejectionLimits
  #lines = new Map<string, number>()
  #written = 0
  #silent = 0
  #open = false

  constructor(deps: { clock: Clock; log: Logger }, limits: RejectionLimits = rejectionDefaults) {
    this.#deps = deps
    this.#limits = limits
  }

  add(address: string, code: string, status: number): void {
    this.#window()
    const key = networkOf(address)
    const lines = this.#lines.get(key) ?? 0
    if (lines >= this.#limits.linesPerAddress || this.#written >= this.#limits.linesMax) {
      this.#silent++
      return
    }
    this.#lines.set(key, lines + 1)
    this.#written++
    this.#deps.log.warn({ address, code, status }, 'request refused')
  }

  #window(): void {
    if (this.#open) return
    this.#open = true
    this.#deps.clock.after(this.#limits.windowMs, () => {
      if (this.#silent > 0) {
        const fields = { count: this.#silent, addresses: this.#lines.size }
        this.#deps.log.warn(fields, 'more requests were refused in the last minute, not listed one by one')
      }
      this.#lines.clear()
      this.#written = this.#silent = 0
      this.#open = false
    })
  }
}

/** IPv6 networks are handed out as /64, so one sender has as many addresses as it likes. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = ''] = address.split('::')
  const groups = head.split(':')
  return groups.slice(0, 4).join(':')
}

import type { Lent } from '../broker.ts'
import { messageOf, type Pulled } from './wire.ts'

/**
 * How often each message was refused here. Pub/Sub says how often it lent one only where the subscription has a dead-letter policy;
 * without a count what fails again and again would go round for ever.
 */
export class Refusals {
  readonly #times = new Map<string, number>()
  readonly #ids = new WeakMap<Lent, string>()

  /** A message on its way out, with how often it was lent as far as Pub/Sub or this process knows. */
  lent(pulled: Pulled): Lent {
    const message = messageOf(pulled)
    const messageId = pulled.message?.messageId ?? ''
    const times = this.#times.get(messageId) ?? 0
    const lent = { ...message, deliveries: Math.max(message.deliveries, times + 1) }
    if (messageId !== '') this.#ids.set(lent, messageId)
    return lent
  }

  /** Of more than are kept the one that was refused longest ago counts as new. */
  refused(lent: Lent): void {
    const messageId = this.#ids.get(lent)
    if (messageId === undefined) return
    this.#times.delete(messageId)
    this.#times.set(messageId, lent.deliveries)
    const [oldest] = this.#times.keys()
    if (this.#times.size > KEPT_MAX && oldest !== undefined) this.#times.delete(oldest)
  }
}

/** Few are refused: where the ledger takes nothing at all, a drain waits and refuses none. */
const KEPT_MAX = 10_000

import { systemClock } from '../../src/core/clock.ts'
import { eventBody, signatureOf } from './delivery.ts'
import { Sender } from './sender.ts'

/** What a flood is made of, in turns: signed by somebody else, not signed, stale, and no event. */
const KINDS = 4
const CONNECTIONS = 64

/** Bad requests, as many at once as there are connections. */
export class Flood {
  readonly #sender: Sender
  readonly #bad: readonly { body: Buffer; signature: string }[]

  constructor(origin: string) {
    this.#sender = new Sender(origin, { connections: CONNECTIONS })
    this.#bad = [badly('mismatch'), badly('missing'), badly('stale'), badly('no event')]
  }

  /** Sends so many; a pace holds them back. Resolves to how many got which answer. */
  async pour(count: number, pace: () => Promise<void> = async () => {}): Promise<Record<string, number>> {
    const answers: Record<string, number> = {}
    let sent = 0
    const one = async () => {
      while (sent < count) {
        const { body, signature } = this.#bad[sent++ % KINDS]!
        await pace()
        const { status } = await this.#sender.post(body, signature)
        answers[status] = (answers[status] ?? 0) + 1
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, one))
    return answers
  }

  close(): Promise<void> {
    return this.#sender.close()
  }
}

function badly(how: 'mismatch' | 'missing' | 'stale' | 'no event'): { body: Buffer; signature: string } {
  const body = how === 'no event' ? Buffer.from('{"object": "nothing"}') : eventBody({ id: 'evt_bad' })
  if (how === 'missing') return { body, signature: '' }
  const secret = how === 'mismatch' ? 'whsec_of_somebody_else' : undefined
  const at = how === 'stale' ? systemClock.now() - 3_600_000 : systemClock.now()
  return { body, signature: signatureOf(body, at, secret) }
}

import { DAY } from '../calendar.ts'
import { invalid, otherParameters } from './refusal.ts'

/** One request that changes something, by what it asks for. */
export interface Asked {
  readonly key: string
  /** Account, address and parameters as one text. */
  readonly wish: string
}

export interface Done {
  readonly body: object
  readonly requestId: string
}

/** Answers to requests with an idempotency key: the same again for the same key, for a day. */
export interface Repeats {
  /** The first answer, or null where there was none. Throws where the key was used for another wish. */
  recall(asked: Asked): Done | null
  remember(asked: Asked, done: Done): void
}

const KEPT_MS = DAY
const KEPT_MAX = 10_000
const KEY_CHARS_MAX = 255

export function createRepeats(now: () => number): Repeats {
  const first = new Map<string, { readonly wish: string; readonly at: number; readonly done: Done }>()
  return {
    recall({ key, wish }) {
      if (key.length > KEY_CHARS_MAX) throw invalid('Idempotency-Key is too long.', 'idempotency_key')
      const known = first.get(key)
      if (!known || known.at < now() - KEPT_MS) return null
      if (known.wish !== wish) throw otherParameters(key)
      return known.done
    },
    remember({ key, wish }, done) {
      first.delete(key)
      first.set(key, { wish, at: now(), done })
      const [oldest] = first.keys()
      if (first.size > KEPT_MAX && oldest !== undefined) first.delete(oldest)
    },
  }
}

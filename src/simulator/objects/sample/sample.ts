import type { Wire } from '../wire.ts'

/** Where a sample gets what it cannot know: ids of its own and of others, and the time in seconds. */
export interface Making {
  readonly now: number
  readonly customer: string
  id(prefix: string): string
}

/** One plausible object of a kind that no lifecycle makes: the fields that tell such objects apart, not all that Stripe sends. */
export interface Sample {
  /** How its ids begin; null where Stripe gives it none. */
  readonly prefix: string | null
  show(making: Making): object
  /** What is otherwise after an event of a type that ends in this word. */
  readonly after: { readonly [verb: string]: object }
}

type Shown<T> = Partial<Omit<Wire<T>, 'id' | 'object'>>

/** `show` and `after` are checked against the type that Stripe declares for the kind. */
export const sample = <T>(
  prefix: string | null,
  show: (making: Making) => Shown<T>,
  after: { readonly [verb: string]: Shown<T> } = {},
): Sample => ({ prefix, show, after })

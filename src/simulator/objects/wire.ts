import type { Stripe } from 'stripe'
import type { Json } from '../../core/outcome.ts'

/**
 * A type of the `stripe` package as it looks on the wire: decimals are text, which the SDK turns into `Decimal` in answers of
 * its API but not in webhook events. Every builder here is checked against the types of the current API version through this.
 */
export type Wire<T> = T extends Stripe.Decimal
  ? string
  : T extends string
    ? T
    : T extends readonly (infer V)[]
      ? Wire<V>[]
      : T extends object
        ? { [K in keyof T]: Wire<T[K]> }
        : T

/** What all objects of the merchant have in common. Stripe gives some none, so `id` may be missing in an event's object. */
export interface StripeObject {
  readonly id?: string | undefined
  readonly object: string
}

/** A value of the types above, seen as JSON. They hold nothing else; the compiler cannot tell from an interface. */
export const asJson = (value: object): { readonly [key: string]: Json } => value as { readonly [key: string]: Json }

/** Stripe lists events for 30 days; what claims to be further away than this is no event of Stripe's. */
const CREATED_WITHIN_MS = 400 * 86_400_000

/** The ledger refuses it. */
export const tooFarAway = ({ createdAt }: { readonly createdAt: number }, now: number): boolean =>
  Math.abs(createdAt - now) > CREATED_WITHIN_MS

import { type ErrorCode, HookkeeperError } from '../core/errors.ts'
import type { Json } from '../core/outcome.ts'
import type { Action, ActionHands, Order, Preview, Receipt } from './action.ts'
import { validated } from './input.ts'

export interface Performed {
  readonly action: string
  readonly verdict: 'previewed' | 'applied'
  readonly preview: Preview | null
  readonly receipt: Receipt | null
  /** Was the effect seen after it was applied? False too where looking failed. Null for a preview. */
  readonly verified: boolean | null
  /** Its number in the journal. A preview has none. */
  readonly journal: number | null
}

export type Verdict = 'previewed' | 'applied' | 'refused' | 'failed'

/** Counts what actions came to. */
export interface ActionMeter {
  acted(action: string, verdict: Verdict): void
}

/**
 * The one way in which anything is done: validates, prechecks, then previews or applies, and writes into the journal what was
 * applied, refused or failed. Rejects with `action_input`, `action_refused`, or with what stood in the way.
 */
export async function perform(
  action: Action,
  input: unknown,
  order: Order & { readonly preview: boolean },
  hands: ActionHands & { readonly meter: ActionMeter },
): Promise<Performed> {
  // Only what validation let through is journalled: refused bytes may be anything.
  let valid: unknown = null
  try {
    valid = validated(action.input, input, 'action_input')
    await action.precheck(valid, hands)
    return await (order.preview ? previewed(action, valid, hands) : applied(action, valid, order, hands))
  } catch (error) {
    const verdict = refusal(error) ? 'refused' : 'failed'
    if (!order.preview) await noted(action, verdict, order, { input: valid, code: codeOf(error) }, hands)
    hands.meter.acted(action.name, verdict)
    throw error
  }
}

async function previewed(action: Action, input: unknown, hands: ActionHands & { meter: ActionMeter }) {
  const preview = await action.preview(input, hands)
  hands.meter.acted(action.name, 'previewed')
  return { action: action.name, verdict: 'previewed', preview, receipt: null, verified: null, journal: null } as const
}

async function applied(action: Action, input: unknown, order: Order, hands: ActionHands & { meter: ActionMeter }) {
  const receipt = await action.apply(input, order, hands)
  const verified = await seen(action, receipt, order, hands)
  const { n } = await write(action, 'applied', order, { input, receipt, verified }, hands)
  hands.meter.acted(action.name, 'applied')
  hands.log.info({ action: action.name, by: order.by, rows: receipt.rows, verified }, `action ${action.name}`)
  return { action: action.name, verdict: 'applied', preview: null, receipt, verified, journal: n } as const
}

/** It is done by then: a look that fails must not turn it into an action that failed. */
async function seen(action: Action, receipt: Receipt, order: Order, hands: ActionHands): Promise<boolean> {
  try {
    return await action.verify(receipt, order, hands)
  } catch (error) {
    hands.log.error({ action: action.name, code: codeOf(error) }, 'the effect could not be looked at')
    return false
  }
}

/** What went wrong is what the caller must hear of, even where the journal cannot be written either. */
async function noted(action: Action, verdict: Verdict, order: Order, data: object, hands: ActionHands): Promise<void> {
  try {
    await write(action, verdict, order, data, hands)
  } catch (error) {
    hands.log.error({ action: action.name, verdict, code: codeOf(error) }, 'the journal could not be written')
  }
}

const write = (action: Action, verdict: Verdict, order: Order, data: object, hands: ActionHands) =>
  hands.journal.write({ by: order.by, action: action.name, verdict, why: order.why, data: plain(data) })

/** As JSON keeps it: what is undefined is left out. */
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as Json

const refusal = (error: unknown) => error instanceof HookkeeperError && (error.status ?? 500) < 500
const codeOf = (error: unknown): ErrorCode | 'unexpected' =>
  error instanceof HookkeeperError ? error.code : 'unexpected'

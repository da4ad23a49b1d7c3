import type { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import type { Controls, Journal, Ledger } from '../store/store.ts'

/**
 * Something that an operator may do. The CLI verb, the HTTP route, the console's button and what the AI may propose are all
 * derived from one such object: nobody has other hands.
 */
export interface Action<S extends z.ZodType = z.ZodType> {
  /** What people type: `hookkeeper do <name>`. */
  readonly name: string
  /** One sentence that says what will have happened. */
  readonly about: string
  /** How far it reaches: 0 looks only, 1 a few events and reversible, 2 limited in scope and time, 3 strong, 4 final. */
  readonly tier: 0 | 1 | 2 | 3 | 4
  readonly input: S
  /** Inputs that reach so far that a person at a terminal sees the preview first and is asked. */
  readonly asks: readonly string[]
  /** Throws `action_refused`, with the remedy, where the action would be pointless or wrong just now. */
  precheck(input: z.output<S>, hands: ActionHands): Promise<void>
  /** What `apply` would do. Changes nothing. */
  preview(input: z.output<S>, hands: ActionHands): Promise<Preview>
  apply(input: z.output<S>, order: Order, hands: ActionHands): Promise<Receipt>
  /** Is the effect there? Asked right after `apply`. */
  verify(receipt: Receipt, order: Order, hands: ActionHands): Promise<boolean>
  /** Takes back what this receipt stands for; null where only another action can (and `about` says which). */
  readonly undo: ((receipt: Receipt, hands: ActionHands) => Promise<boolean>) | null
}

/** What actions reach the world with. There is nothing else in reach of an action. */
export interface ActionHands {
  readonly ledger: Ledger
  readonly controls: Controls
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  /** A fresh id of a control. */
  controlId(): string
  /** Where events are forwarded to, and what takes over there while a reroute lives. */
  destinations(): readonly { readonly name: string; readonly secondary: string | null }[]
  /** The wishes changed: whoever reads controls reads them now. Resolves when what was written before is in force. */
  poke(): Promise<void>
}

/** Who wants it, and why: kept in the journal and in the timeline of each event that moves. */
export interface Order {
  readonly by: string
  readonly why: string
}

export interface Preview {
  readonly what: string
  /** How many events; `more` when counting stopped at its bound. */
  readonly rows: number
  readonly more: boolean
  /** Events that were named but that this action does not touch in their state. */
  readonly skipped: number
  /** The first few ids. */
  readonly ids: readonly string[]
  readonly types: Readonly<Record<string, number>>
  readonly customers: number
  /** Controls that would be lifted. */
  readonly controls: readonly string[]
  /** Only where events are worked again by the release that handled them. */
  readonly repair: Repair | null
}

/** What a person should know before what a release did is done again. */
export interface Repair {
  /** They stay as they are: a newer event of their object was worked since. */
  readonly superseded: number
  /** Their bodies are past retention: they cannot be worked again, and what they are about is not known. */
  readonly gone: number
  /** What the events are about, each object once, in minor units by currency. */
  readonly money: Readonly<Record<string, number>>
}

export interface Receipt {
  readonly what: string
  readonly rows: number
  /** The first few ids. */
  readonly ids: readonly string[]
  /** Controls put or lifted. */
  readonly controls: readonly string[]
}

/** Keeps an action's own types where it is written, and fits it into lists of actions. */
export const defineAction = <S extends z.ZodType>(action: Action<S>): Action<S> => action

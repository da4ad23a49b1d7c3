import { z } from 'zod'
import { failure } from '../core/errors.ts'
import type { State } from '../core/outcome.ts'
import type { Entry, Ledger, Move, Query } from '../store/store.ts'
import { type Action, type ActionHands, defineAction, type Order, type Preview, type Receipt } from './action.ts'
import { previewRepair, repairQuery } from './repair.ts'
import {
  checkSelection,
  every,
  inState,
  named,
  narrow,
  PREVIEW_ROWS_MAX,
  type Selected,
  sampled,
  selection,
  summed,
} from './selection.ts'

/** An action that moves selected events from one state into another. */
interface Movement {
  readonly name: string
  readonly about: string
  readonly tier: Action['tier']
  /** The states that it moves. Filters without a state mean the first: nobody replays or discards more than was said. */
  readonly from: readonly [State, ...State[]]
  /** Only events that are held. */
  readonly held?: true
  /** Selected by release, it takes what that release handled, dead or done, and leaves out what is superseded. */
  readonly repairs?: true
  /** `7 events {done}`. */
  readonly done: string
  to(state: State, again: boolean): Move
}

type Input = Selected & { readonly again?: boolean }

const again = z.boolean().default(false).describe('Forget also what `once` remembers: every effect is made anew')

export const movement = (of: Movement) => moves(of, selection)
export const movementAgain = (of: Movement) => moves(of, selection.extend({ again }))

function moves<S extends z.ZodType<Input>>(of: Movement, input: S): Action<S> {
  return defineAction<S>({
    name: of.name,
    about: of.about,
    tier: of.tier,
    input,
    asks: of.repairs ? ['handledBy'] : [],
    precheck: (selected, { ledger }) => check(of, selected, ledger),
    preview: (selected, { ledger }) => preview(of, selected, ledger),
    apply: (selected, order, { ledger }) => apply(of, selected, order, ledger),
    verify: shown,
    undo: null,
  })
}

async function check(of: Movement, selected: Input, ledger: Ledger): Promise<void> {
  checkSelection(selected)
  if (selected.state && !of.from.includes(selected.state)) throw wrongState(of, `Those events are ${selected.state}`)
  if (of.held && selected.held === false) throw wrongState(of, 'Those events are not held')
  if (!selected.ids) return
  const entries = await named(ledger, selected.ids, selected)
  if (!entries.some(movable(of)) && entries[0]) throw wrongState(of, `${entries[0].id} is ${entries[0].state}`)
}

function wrongState(of: Movement, what: string) {
  const takes = `${of.held ? 'held ' : ''}${of.from.join(' or ')}`
  return failure('action_refused', { what: `${what}; ${of.name} takes ${takes} events`, remedy: 'Select other events' })
}

const movable = (of: Movement) => (entry: Entry) => inState(of.from)(entry) && (!of.held || entry.held !== null)

async function preview(of: Movement, selected: Input, ledger: Ledger): Promise<Preview> {
  const max = Math.min(selected.limit, PREVIEW_ROWS_MAX)
  if (byRelease(of, selected)) {
    const { reached, ...sum } = await previewRepair(ledger, repairQuery(selected), max)
    return { ...counted(of, sum.rows, reached >= max && selected.limit > max), ...sum, controls: [] }
  }
  const events = selected.ids
    ? (await named(ledger, selected.ids, selected)).slice(0, selected.limit)
    : every(ledger, queryOf(of, selected), max)
  const sum = await summed(events, movable(of))
  const more = !selected.ids && sum.rows >= max && selected.limit > max
  return { ...counted(of, sum.rows, more), ...sum, controls: [], repair: null }
}

const counted = (of: Movement, rows: number, more: boolean) => ({
  what: `${rows}${more ? ' and more' : ''} events ${of.done}`,
  more,
})

const byRelease = (of: Movement, { ids, handledBy }: Input): boolean =>
  of.repairs === true && ids === undefined && handledBy !== undefined

async function apply(of: Movement, selected: Input, order: Order, ledger: Ledger): Promise<Receipt> {
  const { rows, ids } = selected.ids
    ? await applyNamed(of, selected, selected.ids, order, ledger)
    : await applyQuery(of, selected, order, ledger)
  return { what: `${rows} events ${of.done}`, rows, ids, controls: [] }
}

async function applyNamed(of: Movement, selected: Input, ids: readonly string[], order: Order, ledger: Ledger) {
  const entries = (await named(ledger, ids, selected)).filter(movable(of)).slice(0, selected.limit)
  let rows = 0
  for (const state of of.from) {
    const refs = entries.filter(inState([state])).map(({ ref }) => ref)
    if (refs.length > 0) rows += await ledger.move({ refs }, of.to(state, selected.again ?? false), order)
  }
  return { rows, ids: sampled(entries) }
}

// By query and not by the rows found: two people who replay the same dead letters at once then reopen each only once,
// since what the first one reopened is no longer dead when the second one's move runs.
async function applyQuery(of: Movement, selected: Input, order: Order, ledger: Ledger) {
  const query = queryOf(of, selected)
  const sample = await ledger.find({ ...query, limit: Math.min(SAMPLE, selected.limit) })
  // What a release did wrong it may have done in the handlers that returned, those of dead events too.
  const as = byRelease(of, selected) ? 'done' : (query.state ?? of.from[0])
  const move = of.to(as, selected.again ?? false)
  const rows = await ledger.move({ query, limit: selected.limit }, move, order)
  return { rows, ids: sampled(sample.data) }
}

const SAMPLE = 10

const queryOf = (of: Movement, selected: Input): Omit<Query, 'limit' | 'cursor'> =>
  byRelease(of, selected)
    ? repairQuery(selected)
    : { ...narrow(selected), state: selected.state ?? of.from[0], ...(of.held && { held: true }) }

/** The move is in the timeline of one that was sampled: its state may have gone on since. */
async function shown({ rows, ids }: Receipt, { by, why }: Order, { ledger }: ActionHands): Promise<boolean> {
  if (rows === 0 || ids.length === 0) return true
  for (const id of ids) {
    for (const { ref } of (await ledger.find({ id, limit: SAMPLE })).data) {
      const story = await ledger.open(ref)
      if (story?.timeline.some((chapter) => chapter.kind === 'move' && chapter.by === by && chapter.why === why))
        return true
    }
  }
  return false
}

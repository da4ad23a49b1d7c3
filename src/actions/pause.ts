import { z } from 'zod'
import { matches } from '../core/event.ts'
import type { Control, Entry, Query } from '../store/store.ts'
import { defineAction, type Preview } from './action.ts'
import { ttl } from './duration.ts'
import { every, PREVIEW_ROWS_MAX, summed } from './selection.ts'

const names = (about: string) => z.array(z.string().min(1).max(500)).min(1).max(100).optional().describe(about)

/** What a pause, or its end, is about. Parts narrow each other: types of these accounts. */
export const target = z.strictObject({
  types: names('Types or families: invoice.paid, invoice.*, *'),
  lanes: names('Lanes, as events show them'),
  accounts: names('Names of accounts of the configuration, or ids of Connect accounts'),
})

export type Target = z.output<typeof target>

export const pause = defineAction({
  name: 'pause',
  about: 'Holds events back, those to come too, until the time is over or `resume` ends it; what runs now runs on.',
  tier: 2,
  input: target
    .extend({ ttl })
    .refine(named, { message: 'Say what to pause: types, lanes or accounts; everything is --types "*"' }),
  asks: [],
  precheck: async () => {},

  async preview(input, { ledger }): Promise<Preview> {
    let seen = 0
    const waiting = counted(every(ledger, { ...narrowest(input), state: 'waiting' }, PREVIEW_ROWS_MAX), () => seen++)
    const sum = await summed(waiting, covered(input))
    const more = seen >= PREVIEW_ROWS_MAX
    const what = `${sum.rows}${more ? ' or more' : ''} waiting events held, and what comes, for ${input.ttl / 1000} s`
    return { ...sum, what, more, skipped: 0, controls: [], repair: null }
  },

  async apply({ ttl: ttlMs, ...wanted }, { by, why }, { controls, controlId, poke }) {
    const control = await controls.put({ id: controlId(), kind: 'pause', target: wanted, by, why, ttlMs })
    await poke()
    const until = new Date(control.expiresAt).toISOString()
    return { what: `Paused until ${until}`, rows: 0, ids: [], controls: [control.id] }
  },

  verify: async ({ controls: [id] }, _order, { controls }) =>
    (await controls.live()).some((control) => control.id === id),

  async undo({ controls: ids }, { controls, poke }) {
    const lifted = await Promise.all(ids.map((id) => controls.lift(id)))
    await poke()
    return lifted.every(Boolean)
  },
})

export function named({ types, lanes, accounts }: Target): boolean {
  return Boolean(types ?? lanes ?? accounts)
}

export const covered =
  ({ types, lanes, accounts }: Control['target']) =>
  ({ type, lane, tenant }: Entry): boolean =>
    (types?.some((pattern) => matches(pattern, type)) ?? true) &&
    (lanes?.includes(lane) ?? true) &&
    (accounts?.some((account) => account === tenant.account || account === tenant.connected) ?? true)

/** One lane, one type or family: those the ledger can look up. The rest is walked, up to the preview's bound. */
function narrowest({ types, lanes }: Target): Partial<Query> {
  return {
    ...(types?.length === 1 && { type: types[0] }),
    ...(lanes?.length === 1 && { lane: lanes[0] }),
  }
}

async function* counted<V>(values: AsyncIterable<V>, count: () => void) {
  for await (const value of values) {
    count()
    yield value
  }
}

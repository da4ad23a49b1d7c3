import { z } from 'zod'
import { failure } from '../core/errors.ts'
import type { Control, Controls } from '../store/store.ts'
import { defineAction } from './action.ts'
import { target } from './pause.ts'

const input = target.extend({
  control: z.string().min(1).max(200).optional().describe('The id of a control, of whatever kind'),
  all: z.boolean().default(false).describe('Ends every pause'),
})

type Wanted = z.output<typeof input>

export const resume = defineAction({
  name: 'resume',
  about:
    'Ends a control by its id, or the pauses of exactly these types, lanes or accounts, or all pauses, before their time.',
  tier: 2,
  input,
  asks: [],

  async precheck(wanted, { controls }) {
    const ways = [wanted.control, wanted.all || undefined, partsOf(wanted)[0]].filter((way) => way !== undefined)
    if (ways.length !== 1)
      throw failure('action_input', { what: 'Say one of: control (an id), all, or types, lanes and accounts' })
    if ((await meant(wanted, controls)).length > 0) return
    if (wanted.control) throw failure('control_unknown', { id: wanted.control })
    throw failure('action_refused', { what: 'No live pause is of exactly that', remedy: await remedy(controls) })
  },

  async preview(wanted, { controls }) {
    const ids = (await meant(wanted, controls)).map(({ id }) => id)
    const what = `${ids.length} controls lifted: ${ids.join(', ')}`
    return { what, rows: 0, more: false, skipped: 0, ids: [], types: {}, customers: 0, controls: ids, repair: null }
  },

  async apply(wanted, _order, { controls, poke }) {
    const lifted: string[] = []
    for (const { id } of await meant(wanted, controls)) if (await controls.lift(id)) lifted.push(id)
    await poke()
    return { what: `${lifted.length} controls lifted`, rows: 0, ids: [], controls: lifted }
  },

  verify: async ({ controls: ids }, _order, { controls }) =>
    !(await controls.live()).some((control) => ids.includes(control.id)),
  undo: null,
})

async function meant(wanted: Wanted, controls: Controls): Promise<readonly Control[]> {
  const live = await controls.live()
  if (wanted.control) return live.filter(({ id }) => id === wanted.control)
  return live.filter(({ kind, target: of }) => kind === 'pause' && (wanted.all || sameParts(wanted, of)))
}

/** Exactly: a pause of more than was named is not lifted, since that would let go more than was asked for. */
const sameParts = (wanted: Wanted, of: Control['target']): boolean => fingerprint(wanted) === fingerprint(of)

const fingerprint = (of: Control['target']) =>
  JSON.stringify(partsOf(of).map(([name, values]) => [name, [...values].sort()]))

const partsOf = ({ types, lanes, accounts }: Control['target']) =>
  Object.entries({ types, lanes, accounts }).flatMap(([name, values]) => (values ? [[name, values] as const] : []))

async function remedy(controls: Controls): Promise<string> {
  const pauses = (await controls.live()).filter(({ kind }) => kind === 'pause')
  if (pauses.length === 0) return 'Nothing is paused'
  return `Live are: ${pauses.map(({ id, target: of }) => `${id} (${JSON.stringify(of)})`).join(', ')}`
}

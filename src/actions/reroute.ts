import { z } from 'zod'
import { failure } from '../core/errors.ts'
import { type ActionHands, defineAction } from './action.ts'
import { ttl } from './duration.ts'

const input = z.strictObject({
  destination: z.string().min(1).max(500).optional().describe('Its name; needed only where several have a secondary'),
  ttl,
})

export const reroute = defineAction({
  name: 'reroute',
  about: "Sends a destination's events to its secondary until the time is over or `resume` ends it.",
  tier: 3,
  input,
  asks: [],

  async precheck(wanted, hands) {
    routed(wanted, hands)
  },

  async preview(wanted, hands) {
    const { name, secondary } = routed(wanted, hands)
    const what = `Events of ${name} go to ${secondary} for ${wanted.ttl / 1000} s`
    return { what, rows: 0, more: false, skipped: 0, ids: [], types: {}, customers: 0, controls: [], repair: null }
  },

  async apply(wanted, { by, why }, hands) {
    const { name, secondary } = routed(wanted, hands)
    const { controls, controlId, poke } = hands
    const put = { id: controlId(), kind: 'reroute', target: { destination: name }, by, why, ttlMs: wanted.ttl } as const
    const { id, expiresAt } = await controls.put(put)
    await poke()
    const what = `Events of ${name} go to ${secondary} until ${new Date(expiresAt).toISOString()}`
    return { what, rows: 0, ids: [], controls: [id] }
  },

  verify: async ({ controls: [id] }, _order, { controls }) =>
    (await controls.live()).some((control) => control.id === id),

  async undo({ controls: [id] }, { controls, poke }) {
    const lifted = id !== undefined && (await controls.lift(id))
    await poke()
    return lifted
  },
})

/** The destination that is meant; refused where nothing could take over. */
function routed({ destination }: z.output<typeof input>, { destinations }: ActionHands) {
  const able = destinations().filter(({ secondary }) => secondary !== null)
  const meant = able.filter(({ name }) => destination === undefined || name === destination)
  if (able.length === 0) throw refused('No destination has a secondary', NONE)
  if (meant.length === 1 && meant[0]) return meant[0]
  const names = able.map(({ name }) => name).join(', ')
  if (destination !== undefined) throw refused(`No destination ${destination} has a secondary`, `There are: ${names}`)
  throw refused('Several destinations have a secondary', `Name one: ${names}`)
}

const NONE =
  'Set HOOKKEEPER_FORWARD_SECONDARY; for a `forward` handler of your own ask a process that works: POST /api/v1/actions/reroute'

const refused = (what: string, remedy: string) => failure('action_refused', { what, remedy })

import { type Filters, ranged } from './filters.ts'
import type { Kind } from './kind.ts'
import { flag, listOf, text } from './params.ts'
import { invalid } from './refusal.ts'

const TYPES_MAX = 20

const filters: Filters = {
  ...ranged('created'),
  type: (given, param) => {
    const fits = matching(text(given, param))
    return ({ type }) => fits(String(type))
  },
  types: (given, param) => {
    const wanted = new Set(listOf(given, param))
    if (wanted.size > TYPES_MAX) throw invalid(`You may pass at most ${TYPES_MAX} types.`, param)
    return ({ type }) => wanted.has(String(type))
  },
  delivery_success: (given, param, { delivered }) => {
    const wanted = flag(given, param)
    return ({ id }) => delivered(String(id)) === wanted
  },
}

/** Events, each as it was made but for one number: how many endpoints still wait for it is said as of now. */
export const EVENTS: Kind = {
  name: 'event',
  path: 'events',
  filters,
  either: ['type', 'types'],
  within: (shelf) => shelf.events(),
  rendered: (event, { delivered }) => ({ ...event, pending_webhooks: delivered(String(event['id'])) ? 0 : 1 }),
}

/** `*` stands for anything, also in the middle. */
function matching(pattern: string): (type: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'))
  const whole = new RegExp(`^${parts.join('.*')}$`)
  return (type) => whole.test(type)
}

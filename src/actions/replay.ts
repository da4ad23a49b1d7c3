import { movementAgain } from './movement.ts'

/**
 * What a handler returned from stays done when a dead event is reopened: only what failed runs. A done event is reopened for a
 * handler that was wrong, so its handlers run again, but what `once` remembers does not, unless `again` says so.
 */
export const replay = movementAgain({
  name: 'replay',
  about: 'Works dead events again, or done ones when they are named or `state` is done.',
  tier: 3,
  from: ['dead', 'done'],
  done: 'reopened',
  to: (state, again) => ({ kind: 'reopen', forget: again ? 'all' : state === 'done' ? 'handlers' : 'nothing' }),
})

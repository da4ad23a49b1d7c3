import { movementAgain } from './movement.ts'

/**
 * What a handler returned from stays done when a dead event is reopened: only what failed runs. A done event is reopened for a
 * handler that was wrong, so its handlers run again, but what `once` remembers does not, unless `again` says so. By release all that it
 * handled comes back like that, so that its repair is one command.
 */
export const replay = movementAgain({
  name: 'replay',
  about:
    'Works dead events again, or done ones when they are named or `state` is done; with `handledBy` both, but for what newer events have superseded.',
  tier: 3,
  from: ['dead', 'done'],
  repairs: true,
  done: 'reopened',
  to: (state, again) => ({ kind: 'reopen', forget: again ? 'all' : state === 'done' ? 'handlers' : 'nothing' }),
})

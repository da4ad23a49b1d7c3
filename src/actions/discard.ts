import { movement } from './movement.ts'

export const discard = movement({
  name: 'discard',
  about:
    'Ends dead events, or waiting ones when they are named or `state` is waiting, without working them; `replay` brings them back.',
  tier: 4,
  from: ['dead', 'waiting'],
  done: 'discarded',
  to: () => ({ kind: 'discard' }),
})

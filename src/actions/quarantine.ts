import { movement } from './movement.ts'

export const quarantine = movement({
  name: 'quarantine',
  about: 'Takes waiting events out of the way as dead letters, reason quarantined; `replay` brings them back.',
  tier: 1,
  from: ['waiting'],
  done: 'quarantined',
  to: () => ({ kind: 'quarantine' }),
})

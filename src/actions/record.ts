import { movement } from './movement.ts'

export const record = movement({
  name: 'record',
  about: 'Ends held events as recorded, because they were already worked elsewhere; `replay` brings them back.',
  tier: 3,
  from: ['waiting'],
  held: true,
  done: 'recorded',
  to: () => ({ kind: 'record' }),
})

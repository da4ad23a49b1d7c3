import { movement } from './movement.ts'

export const release = movement({
  name: 'release',
  about:
    'Lets held events go, so that they are worked in their turn; what a live pause holds is the business of `resume`.',
  tier: 3,
  from: ['waiting'],
  held: true,
  done: 'released',
  to: () => ({ kind: 'release' }),
})

import { after } from 'node:test'
import { Place } from '../services/place.ts'
import { redis } from '../services/redis.ts'
import { type Redis, startRedis } from '../services/redis-server.ts'
import { keepsHoldPromises, redlockOver } from './redlock.ts'

const place = new Place('redlock')
after(() => place.end())
let nodes: Promise<readonly Redis[]> | undefined
const three = () => (nodes ??= Promise.all([1, 2, 3].map(() => startRedis(place))))

keepsHoldPromises('Redlock over three Redises', redlockOver(three, ['mortal', 'takeAway', 'nodes']), {
  skip: redis.skip,
  driver: 'Redlock, three nodes',
})
keepsHoldPromises(
  'One Redis',
  redlockOver(async () => [(await three())[0]!], ['mortal', 'takeAway']),
  { skip: redis.skip, driver: 'one Redis' },
)

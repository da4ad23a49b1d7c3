import { redis } from '../services/redis.ts'
import { onRedis } from './broker-redis.ts'
import { sealingService } from './broker-sealed.ts'
import { keepsBrokerPromises } from './brokers.ts'

const given = process.env['TEST_REDIS_URLS'] !== undefined
const harness = onRedis(redis.ready, given ? ['cut', 'raw', 'shared'] : ['restart', 'cut', 'raw', 'shared'])

keepsBrokerPromises('Redis Streams', harness, { skip: redis.skip, atOnce: 8, driver: 'Redis' })
keepsBrokerPromises('Redis Streams, sealed', sealingService(harness), { skip: redis.skip, atOnce: 8 })

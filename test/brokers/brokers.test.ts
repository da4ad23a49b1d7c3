import { elasticmq } from '../services/elasticmq.ts'
import { kafkas } from '../services/kafka.ts'
import { postgres } from '../services/postgres.ts'
import { pubsub } from '../services/pubsub.ts'
import { redis } from '../services/redis.ts'
import { full } from '../size.ts'
import { survives } from './told.ts'

const WITHOUT = { spool: false, locks: false } as const
const WITH = { spool: true, locks: 'wait' } as const
const LOCKED = { spool: false, locks: 'wait' } as const
const FENCE_ONLY = { spool: false, locks: 'fence-only' } as const
const SKIPS = { redis: redis.skip, kafka: kafkas.skip, sqs: elasticmq.skip, pubsub: pubsub.skip }

// `npm test` tries one broker, with all that can stand around it; `npm run chaos -- brokers` tries each with and without.
survives('redis', WITH, postgres.skip || SKIPS.redis)
if (full) {
  survives('redis', WITHOUT, postgres.skip || SKIPS.redis)
  survives('redis', LOCKED, postgres.skip || SKIPS.redis)
  survives('redis', FENCE_ONLY, postgres.skip || SKIPS.redis)
  for (const broker of ['kafka', 'sqs', 'pubsub'] as const) {
    survives(broker, WITHOUT, postgres.skip || SKIPS[broker])
    survives(broker, WITH, postgres.skip || SKIPS[broker] || redis.skip)
  }
}

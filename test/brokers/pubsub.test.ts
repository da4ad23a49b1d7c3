import { postgres } from '../services/postgres.ts'
import { pubsub } from '../services/pubsub.ts'
import { redis } from '../services/redis.ts'
import { full } from '../size.ts'
import { survives } from './told.ts'

const skip = postgres.skip || pubsub.skip

survives('pubsub', { spool: false, locks: false }, skip)
if (full) survives('pubsub', { spool: true, locks: true }, skip || redis.skip)

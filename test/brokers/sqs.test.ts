import { elasticmq } from '../services/elasticmq.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { full } from '../size.ts'
import { survives } from './told.ts'

const skip = postgres.skip || elasticmq.skip

survives('sqs', { spool: false, locks: false }, skip)
if (full) survives('sqs', { spool: true, locks: true }, skip || redis.skip)

import { kafkas } from '../services/kafka.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { full } from '../size.ts'
import { survives } from './told.ts'

const skip = postgres.skip || kafkas.skip

survives('kafka', { spool: false, locks: false }, skip)
if (full) survives('kafka', { spool: true, locks: true }, skip || redis.skip)

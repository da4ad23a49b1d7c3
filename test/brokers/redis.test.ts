import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { full } from '../size.ts'
import { survives } from './told.ts'

const skip = postgres.skip || redis.skip

survives('redis', { spool: true, locks: true }, skip)
if (full) survives('redis', { spool: false, locks: false }, skip)

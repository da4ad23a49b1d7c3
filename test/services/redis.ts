import { redisServer } from './redis-server.ts'
import { service } from './service.ts'

/** A Redis that has every write on the disk before it answers. */
export const redis = await service('redis', redisServer)

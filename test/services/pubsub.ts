import { pubsubServer } from './pubsub-server.ts'
import { service } from './service.ts'

/** Google Pub/Sub, as Google's own server in memory has it. */
export const pubsub = await service('pubsub', pubsubServer)

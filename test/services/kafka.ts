import { kafkaServer, kafkaTrio } from './kafka-server.ts'
import { service } from './service.ts'

/** One Kafka that has every append on the disk before it answers. */
export const kafka = await service('kafka', kafkaServer)

/** Three Kafkas, of which any one may be lost. They start when they are asked for, and not before. */
export const kafkas = await service('kafka-trio', kafkaTrio)

import { elasticmqServer } from './elasticmq-server.ts'
import { service } from './service.ts'

/** Amazon SQS, as ElasticMQ has it: a second opinion. */
export const elasticmq = await service('elasticmq', elasticmqServer)

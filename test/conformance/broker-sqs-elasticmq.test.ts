import { elasticmq } from '../services/elasticmq.ts'
import { keepsBrokerPromises } from './brokers.ts'
import { onSqs } from './sqs.ts'

const ready = () => elasticmq.ready()
const skip = elasticmq.skip

keepsBrokerPromises('SQS, standard, ElasticMQ', onSqs(ready, { fifo: false, restart: true }), { skip, atOnce: 8 })
// Both kinds of queue are kept on the disk in one way; a start takes seconds.
keepsBrokerPromises('SQS, FIFO, ElasticMQ', onSqs(ready, { fifo: true, restart: false }), { skip, atOnce: 8 })

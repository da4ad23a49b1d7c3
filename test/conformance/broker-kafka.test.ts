import { kafka } from '../services/kafka.ts'
import { onKafka } from './broker-kafka.ts'
import { keepsBrokerPromises } from './brokers.ts'

keepsBrokerPromises(
  'Kafka',
  onKafka(() => kafka.ready(), ['restart', 'cut', 'raw', 'shared']),
  { skip: kafka.skip },
)

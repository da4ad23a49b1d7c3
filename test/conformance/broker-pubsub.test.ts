import { pubsub } from '../services/pubsub.ts'
import { onPubsub } from './broker-pubsub.ts'
import { sealingService } from './broker-sealed.ts'
import { keepsBrokerPromises } from './brokers.ts'

const ready = () => pubsub.ready()
const skip = pubsub.skip

keepsBrokerPromises('Pub/Sub, ordered, pstest', onPubsub(ready, { ordered: true }), {
  skip,
  atOnce: 8,
  driver: 'Pub/Sub, ordered',
})
keepsBrokerPromises('Pub/Sub, without order, pstest', onPubsub(ready, { ordered: false }), {
  skip,
  atOnce: 8,
  driver: 'Pub/Sub',
})
keepsBrokerPromises('Pub/Sub, sealed, pstest', sealingService(onPubsub(ready, { ordered: true })), { skip, atOnce: 8 })

import { fauxqs } from '../services/fauxqs.ts'
import { sealingService } from './broker-sealed.ts'
import { onSqs } from './broker-sqs.ts'
import { keepsBrokerPromises } from './brokers.ts'

const ready = () => fauxqs.ready()
const skip = fauxqs.skip

keepsBrokerPromises('SQS, standard, fauxqs', onSqs(ready, { fifo: false, restart: false }), {
  skip,
  atOnce: 8,
  driver: 'SQS (fauxqs)',
})
keepsBrokerPromises('SQS, FIFO, fauxqs', onSqs(ready, { fifo: true, restart: false }), {
  skip,
  atOnce: 8,
  driver: 'SQS FIFO (fauxqs)',
})
const sealed = sealingService(onSqs(ready, { fifo: false, restart: false }))
keepsBrokerPromises('SQS, sealed, fauxqs', sealed, { skip, atOnce: 8 })

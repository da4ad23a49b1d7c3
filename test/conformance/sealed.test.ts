import { sealing } from './broker-sealed.ts'
import { keepsBrokerPromises } from './brokers.ts'
import { inMemory } from './memory-broker.ts'
import { spoolAlone, spoolBefore } from './spool.ts'

keepsBrokerPromises('memory, sealed', sealing(inMemory()))
keepsBrokerPromises('spool, sealed', sealing(spoolAlone))
keepsBrokerPromises('spool before a broker, sealed', sealing(spoolBefore()))

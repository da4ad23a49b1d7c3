import { keepsBrokerPromises } from './brokers.ts'
import { spoolAlone, spoolBefore } from './spool.ts'

keepsBrokerPromises('spool', spoolAlone)
keepsBrokerPromises('spool before a broker', spoolBefore())
keepsBrokerPromises(
  'spool before a broker that fails two appends of three',
  spoolBefore((append) => append % 3 !== 0),
)

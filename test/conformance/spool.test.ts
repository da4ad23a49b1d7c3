import { keepsBrokerPromises } from './brokers.ts'
import { spoolAlone, spoolBefore } from './spool.ts'

keepsBrokerPromises('spool', spoolAlone, { driver: 'spool' })
keepsBrokerPromises('spool before a broker', spoolBefore(), { driver: 'spool before a broker' })
keepsBrokerPromises(
  'spool before a broker that fails two appends of three',
  spoolBefore((append) => append % 3 !== 0),
)

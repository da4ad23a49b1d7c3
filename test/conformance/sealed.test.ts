import { sealed } from '../../src/broker/sealed.ts'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import { company } from '../privacy/setup.ts'
import { keepsBrokerPromises } from './brokers.ts'
import { inMemory } from './memory-broker.ts'
import { spoolAlone, spoolBefore } from './spool.ts'

/** The same brokers with a vault around them: it takes nothing from what they promise. */
const sealing = (harness: BrokerHarness): BrokerHarness => ({
  ...harness,
  async open() {
    const { kept } = company()
    const vault = await kept()
    const opened = await harness.open()
    return {
      ...opened,
      broker: sealed(opened.broker, vault),
      another: async () => sealed(await opened.another(), await kept()),
    }
  },
})

keepsBrokerPromises('memory, sealed', sealing(inMemory()))
keepsBrokerPromises('spool, sealed', sealing(spoolAlone))
keepsBrokerPromises('spool before a broker, sealed', sealing(spoolBefore()))

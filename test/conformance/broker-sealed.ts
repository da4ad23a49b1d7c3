import { sealed } from '../../src/broker/sealed.ts'
import type { BrokerHarness } from '../../src/testing/broker-harness.ts'
import { company } from '../privacy/setup.ts'

/** The same broker with a vault around it: it takes nothing from what is promised. */
export const sealing = (harness: BrokerHarness): BrokerHarness => ({
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

/** Over a service: how messages are carried is tried. What is cut or killed is the same with a vault and without one. */
export const sealingService = (harness: BrokerHarness): BrokerHarness => ({
  ...sealing(harness),
  offers: harness.offers.filter((need) => need === 'raw' || need === 'shared'),
})

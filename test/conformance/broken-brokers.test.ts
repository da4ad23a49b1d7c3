import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { keepsBrokerPromises } from './brokers.ts'
import { type Fault, inMemory } from './memory-broker.ts'

keepsBrokerPromises('memory', inMemory())

/** A broker that breaks one promise, and the promise at which the suite has to notice. */
const BROKEN: readonly { fault: Fault; noticed: string }[] = [
  {
    fault: 'answers an append before it is durable',
    noticed: 'what was appended is there after the service was killed',
  },
  { fault: 'acknowledges when it lends', noticed: "what is not acknowledged comes again after the loan's time" },
  {
    fault: 'drops what is on loan when its holder goes',
    noticed: 'what a holder had on loan when it closed comes to another',
  },
  {
    fault: 'fails a whole batch for one message',
    noticed: 'one message that is too large fails alone, and the others of its batch are kept',
  },
  { fault: 'loses a refused message', noticed: 'a refused message comes again and the others do not' },
  { fault: 'forgets an acknowledgement', noticed: 'what is acknowledged does not come again' },
  {
    fault: 'mixes up the order',
    noticed: 'messages of one key come in the order in which they were appended, where it is promised',
  },
]

// Side by side: the suite is patient with what does not come.
describe('broken brokers', { concurrency: true }, () => {
  for (const { fault, noticed } of BROKEN) {
    test(`the suite notices a broker that ${fault}`, async () => {
      const promise = brokerSuite.find(({ name }) => name === noticed)

      assert.ok(promise, `there is no promise that says: ${noticed}`)
      await assert.rejects(promise.run(inMemory([fault])))
    })
  }
})

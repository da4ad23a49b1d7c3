import { openAt } from './broker-kafka.ts'

/** A process that takes messages and is killed before it acknowledged any: `node broker-kafka-holder.ts servers topic count`. */
const [servers = '', topic = '', count = '0'] = process.argv.slice(2)
const broker = await openAt(servers, topic, 20_000)
let lent = 0
while (lent < Number(count)) {
  const batch = await broker.receive({ max: 100, waitMs: 1_000 }, new AbortController().signal)
  lent += batch.messages.length
}
console.log('lent')
await broker.receive({ max: 100, waitMs: 600_000 }, new AbortController().signal)

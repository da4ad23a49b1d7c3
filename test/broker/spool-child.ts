import { openSpool } from '../../src/broker/spool.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silent } from '../../src/core/service.ts'
import { message } from '../../src/testing/broker/promise.ts'

/** Appends until it is killed, and says each id once it was answered. */
const spool = openSpool({ path: process.argv[2] as string, clock: systemClock, log: silent })

for (let n = 0; ; n++) {
  const id = `evt_${n}`
  const [answer] = await spool.append([message(id)])
  if (answer === null) process.stdout.write(`${id}\n`)
}

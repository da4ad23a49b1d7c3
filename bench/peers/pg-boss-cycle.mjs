import { PgBoss } from 'pg-boss'

// pg-boss alone: 64 jobs at a time are sent, each in a call of its own as requests come, while a worker fetches 100 at a time and
// completes them. Prints what it took as one line.
const { url, events, bodies } = JSON.parse(process.argv[2])
const QUEUE = 'cycle'
const AT_ONCE = 64
const FETCHED = 100
const WARM_UP = 4 * AT_ONCE

const boss = new PgBoss({ connectionString: url })
boss.on('error', (error) => process.stderr.write(`${error}\n`))
await boss.start()
await boss.createQueue(QUEUE, { retryLimit: 8, retryBackoff: true })

let made = 0
await cycle(WARM_UP)
const cpu = process.cpuUsage()
const from = performance.now()
await cycle(events)
const ms = performance.now() - from
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(`${JSON.stringify({ rate: (events * 1_000) / ms, cpuUs: (user + system) / events })}\n`)
process.stdin.on('end', () => process.exit(0)).resume()

/** Resolves when that many more jobs were sent and are completed. */
async function cycle(count) {
  let left = count
  const producer = async () => {
    while (left-- > 0) await boss.send(QUEUE, bodies[made++ % bodies.length])
  }
  const worker = async () => {
    for (let done = 0; done < count; ) {
      const jobs = await boss.fetch(QUEUE, { batchSize: FETCHED })
      if (jobs.length === 0) continue
      await boss.complete(
        QUEUE,
        jobs.map(({ id }) => id),
      )
      done += jobs.length
    }
  }
  await Promise.all([...Array.from({ length: AT_ONCE }, producer), worker()])
}

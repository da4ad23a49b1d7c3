import { Queue, Worker } from 'bullmq'

// BullMQ alone: 64 jobs at a time are added while a worker that does nothing works them, 256 at once, as
// many as the ledger leases. An event has gone its way when
// Redis has its job among the completed. With `bulk` the 64 go in one call, the fastest way in; without, each in one of its own, as
// requests come. Prints what it took as one line.
const { url, events, bulk, bodies } = JSON.parse(process.argv[2])
const AT_ONCE = 64
const WORKED_AT_ONCE = 256
const WARM_UP = 40 * AT_ONCE

const connection = { url }
const queue = new Queue('cycle', {
  connection,
  defaultJobOptions: { attempts: 8, removeOnComplete: { age: 4 * 24 * 3_600 } },
})
const worker = new Worker('cycle', async () => {}, { connection, concurrency: WORKED_AT_ONCE })
for (const part of [queue, worker]) part.on('error', (error) => process.stderr.write(`${error}\n`))
await worker.waitUntilReady()

let made = 0
const next = () => {
  const number = made++
  const id = `evt_2${String(number).padStart(23, '0')}`
  return { name: 'charge.succeeded', data: { ...bodies[number % bodies.length], id }, opts: { jobId: id } }
}

await cycle(WARM_UP)
process.stdout.write('{"kind":"measuring"}\n')
const cpu = process.cpuUsage()
const from = performance.now()
await cycle(events)
const ms = performance.now() - from
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(`${JSON.stringify({ rate: (events * 1_000) / ms, cpuMs: (user + system) / 1_000 })}\n`)
process.stdin.on('end', () => process.exit(0)).resume()

/** Resolves when that many more jobs were added and are completed. */
async function cycle(count) {
  let completed = 0
  const done = Promise.withResolvers()
  const onCompleted = () => void (++completed === count && done.resolve())
  worker.on('completed', onCompleted)
  await Promise.all([bulk ? addInBulk(count) : addEach(count), done.promise])
  worker.off('completed', onCompleted)
}

async function addInBulk(count) {
  for (let left = count; left > 0; left -= AT_ONCE) {
    await queue.addBulk(Array.from({ length: Math.min(left, AT_ONCE) }, next))
  }
}

async function addEach(count) {
  let left = count
  const producer = async () => {
    while (left-- > 0) {
      const { name, data, opts } = next()
      await queue.add(name, data, opts)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, producer))
}

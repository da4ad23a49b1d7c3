import { systemClock } from '../../src/core/clock.ts'
import { openLedger, taker } from './open.ts'
import { settle, timed, WANT } from './run.ts'
import { envelopes } from './shape.ts'

/** Events that flow through the ledger as it is shipped: given as JSON on the command line, answered by one line of JSON. */
export interface FlowJob {
  /** A file, or the URL of a Postgres. */
  readonly path: string
  readonly events: number
}

export interface Flow {
  readonly rate: number
  readonly cpuUs: number
}

const { path, events } = JSON.parse(process.argv[2] ?? '{}') as FlowJob
const AT_ONCE = 64
const WARM_UP = 40 * AT_ONCE
/** As the product's worker does by default with handlers that take no time: so many in a lease, and twice as many on their way. */
const LEASED_MAX = 256
const UNDER_WAY_MAX = 2 * LEASED_MAX

const store = await openLedger(path, 'threaded', { bodyDays: 90, eventDays: 90 })
const next = envelopes('flow', () => systemClock.now())

const take = taker(store.ledger)

await flow(WARM_UP)
const { ms, cpuMs } = await timed(() => flow(events))
await store.close()
const answer: Flow = { rate: (events * 1_000) / ms, cpuUs: (cpuMs * 1_000) / events }
process.stdout.write(`${JSON.stringify(answer)}\n`)

/** Resolves when that many more events were admitted, 64 at a time, and are done. */
async function flow(count: number): Promise<void> {
  let admitted = 0
  let done = 0
  let wake = () => {}

  const producer = async () => {
    for (; admitted < count; admitted += AT_ONCE) {
      while (admitted - done >= UNDER_WAY_MAX) await new Promise<void>((resolve) => (wake = resolve))
      await take(Array.from({ length: Math.min(AT_ONCE, count - admitted) }, next))
    }
  }
  const worker = async () => {
    const settling: Promise<void>[] = []
    for (let leased = 0; leased < count; ) {
      const work = await store.ledger.lease({ ...WANT, max: LEASED_MAX })
      leased += work.length
      const settled = settle(store.ledger, work).then(() => {
        done += work.length
        wake()
      })
      settling.push(settled)
    }
    await Promise.all(settling)
  }
  await Promise.all([producer(), worker()])
}

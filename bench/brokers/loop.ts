import { templates } from '../load/bodies.ts'
import { openRaw } from '../subjects/raw/append.ts'
import { Gather } from '../subjects/raw/gather.ts'

/** The bare loop, in a process of its own: given as JSON on the command line, answered by one line of JSON. */
export interface LoopJob {
  readonly brokerUrl: string
  /** Each sends its next when its last is kept, as a connection does. */
  readonly senders: number
  /** Ask side by side, as the product does where a broker gives few at once. */
  readonly receivers: number
  readonly warmUpMs: number
  readonly measureMs: number
}

export interface Looped {
  /** Appended, received and acknowledged a second: what was appended in the measured time, over the time until all of it was done. */
  readonly rate: number
}

const { brokerUrl, senders, receivers, warmUpMs, measureMs } = JSON.parse(process.argv[2] ?? '{}') as LoopJob
const bodies = templates().map(({ body }) => body)
const raw = await openRaw(brokerUrl)
const gather = new Gather(raw)
const startAt = performance.now()
const measureAt = startAt + warmUpMs
const untilAt = measureAt + measureMs
let [sent, measured, done, doneAt] = [0, 0, 0, 0]
let failure: Error | null = null

function send(ended: () => void): void {
  if (performance.now() >= untilAt || failure) return ended()
  sent++
  gather.add(bodies[sent % bodies.length] as Buffer, (error) => {
    failure ??= error
    if (performance.now() >= measureAt) measured++
    send(ended)
  })
}

async function receive(): Promise<void> {
  while (!failure && (performance.now() < untilAt || done < sent)) {
    const count = await raw.receive()
    done += count
    // Whoever asks when nothing is left any more waits in vain, and that is not the loop's time.
    if (count > 0) doneAt = performance.now()
  }
}

await Promise.all([
  ...Array.from({ length: senders }, () => new Promise<void>((resolve) => send(resolve))),
  ...Array.from({ length: receivers }, receive),
])
if (failure) throw failure
process.stdout.write(`${JSON.stringify({ rate: (measured * 1_000) / (doneAt - measureAt) } satisfies Looped)}\n`)
await raw.close()

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
  /** Appended, received and acknowledged a second, from the end of the warm-up until nothing is left. */
  readonly rate: number
}

const { brokerUrl, senders, receivers, warmUpMs, measureMs } = JSON.parse(process.argv[2] ?? '{}') as LoopJob
const bodies = templates().map(({ body }) => body)
const raw = await openRaw(brokerUrl)
const gather = new Gather(raw)
const startAt = performance.now()
const measureAt = startAt + warmUpMs
const untilAt = measureAt + measureMs
let [sent, done, doneBefore] = [0, 0, 0]
let failure: Error | null = null
const receiving = Array.from({ length: receivers }, receive)

function send(ended: () => void): void {
  if (performance.now() >= untilAt || failure) return ended()
  sent++
  gather.add(bodies[sent % bodies.length] as Buffer, (error) => {
    failure ??= error
    send(ended)
  })
}

async function receive(): Promise<void> {
  while (!failure && !over()) {
    const count = await raw.receive()
    done += count
    if (performance.now() < measureAt) doneBefore = done
  }
}

function over(): boolean {
  return performance.now() >= untilAt && done >= sent
}

await Promise.all(Array.from({ length: senders }, () => new Promise<void>((resolve) => send(resolve))))
// The first who finds nothing left: the others still wait for what will not come, and that is not the loop's time.
await Promise.race(receiving)
if (failure) throw failure
const rate = ((done - doneBefore) * 1_000) / (performance.now() - measureAt)
process.stdout.write(`${JSON.stringify({ rate } satisfies Looped)}\n`)
process.exit(0)

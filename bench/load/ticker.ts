import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** Milliseconds on the machine's monotonic clock: the one clock that all threads share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

/**
 * Calls `tick` at `startAt`, `startAt + everyMs`, ... to within a tenth of a millisecond, which timers of the event loop, with
 * their whole milliseconds, cannot; and without spinning, which would take one of the server's cores.
 * A tick that finds the last one not yet taken is left out.
 */
export function startTicker(
  { startAt, everyMs }: { startAt: number; everyMs: number },
  tick: () => void,
): () => Promise<void> {
  const state = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(new URL(import.meta.url), { workerData: { state, startAt, everyMs } })
  worker.on('message', () => {
    Atomics.store(state, PENDING, 0)
    tick()
  })
  return async () => {
    Atomics.store(state, STOPPED, 1)
    Atomics.notify(state, STOPPED)
    await worker.terminate()
  }
}

const STOPPED = 0
const PENDING = 1

function run({ state, startAt, everyMs }: { state: Int32Array; startAt: number; everyMs: number }): void {
  for (let nextAt = startAt; Atomics.load(state, STOPPED) === 0; ) {
    const waitMs = nextAt - monotonicMs()
    if (waitMs > 0 && Atomics.wait(state, STOPPED, 0, waitMs) !== 'timed-out') return
    if (Atomics.exchange(state, PENDING, 1) === 0) parentPort?.postMessage(null)
    nextAt += everyMs * Math.max(1, Math.ceil((monotonicMs() - nextAt) / everyMs))
  }
}

if (!isMainThread && workerData?.state) run(workerData)

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back to the system what loading the program left behind: some 10 MB of a process that idles for hours, which the
 * engine would otherwise keep until the first busy minute. Takes about 20 ms, so it belongs at the end of a start only.
 */
export function releaseMemory(): void {
  if (typeof gc === 'function') return gc()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/**
 * How much garbage the old generation may gather, in percent of what is alive in it. Left alone the engine takes 300, which with
 * a thread of its own for the ledger is 40 MB for a hundredth of the time.
 */
const GARBAGE_PERCENT = 150

/** As much as engines gave the nursery for years. It has doubled four times since, to 192 MB for the same throughput here. */
const NURSERY_BYTES = 32 * 1024 * 1024
const LOOK_MS = 250

/** Keeps this process's heaps from growing beyond that for garbage alone; gives what ends the watch over the nursery. */
export function boundHeap(): () => void {
  setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`)
  const timer = setInterval(() => {
    const nursery = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    if (!nursery || nursery.space_size < NURSERY_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(timer)
  }, LOOK_MS).unref()
  return () => clearInterval(timer)
}

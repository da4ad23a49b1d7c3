import type { Backlog } from '../../src/store/store.ts'
import type { Up } from './up.ts'

const LOOK_MS = 50

/** Resolves when nothing waits or runs any more; gives what is dead. */
export async function worked(up: Up, withinMs: number): Promise<number> {
  const until = performance.now() + withinMs
  for (;;) {
    const { backlog } = await up.get<{ backlog: Backlog }>('/api/v1/status')
    if (backlog.ready + backlog.scheduled + backlog.held + backlog.running === 0) return backlog.dead
    if (performance.now() > until) {
      throw new Error(`after ${withinMs} ms there is still work: ${JSON.stringify(backlog)}\n${up.words}`)
    }
    await pause(LOOK_MS)
  }
}

/** Real time, for what happens in real processes only. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))

import type { Backlog } from '../../src/store/store.ts'
import type { Up } from './up.ts'

const LOOK_MS = 50

/** Resolves when nothing waits or runs any more; gives what is dead. */
export async function worked(up: Up, withinMs: number): Promise<number> {
  const until = performance.now() + withinMs
  for (;;) {
    const { backlog } = await up.get<{ backlog: Backlog }>('/api/v1/status')
    const { ready, scheduled, held, running, dead } = backlog
    if (ready + scheduled + held + running === 0 && (await nothingOpen(up))) return dead
    if (performance.now() > until) {
      throw new Error(`after ${withinMs} ms there is still work: ${JSON.stringify(backlog)}\n${up.words}`)
    }
    await pause(LOOK_MS)
  }
}

/** A process that was killed may have said that it has nothing before it got what it had. */
async function nothingOpen(up: Up): Promise<boolean> {
  const pages = ['waiting', 'running'].map((state) => up.get<{ data: unknown[] }>(`/api/v1/events?state=${state}`))
  return (await Promise.all(pages)).every(({ data }) => data.length === 0)
}

/** Real time, for what happens in real processes only. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))

import { join } from 'node:path'
import { Child } from '../child.ts'
import type { Figures, Settings } from '../harness.ts'
import { withFreshDir } from '../ingest.ts'
import type { Looped, LoopJob } from './loop.ts'
import { saturating } from './saturating.ts'
import { type StandName, startBroker } from './stand.ts'

const RECEIVERS = 8
const SPARE_MS = 120_000

/** Append, receive and acknowledge on a fresh service, with nothing around it: as many as go. */
export function bareLoop(stand: StandName, { quick, dir }: Settings): Promise<Figures> {
  const { warmUpMs, measureMs, connections } = saturating(quick)
  return withFreshDir(dir, async (own) => {
    const service = await startBroker(stand, dir)
    const argument: LoopJob = {
      brokerUrl: service.url,
      senders: connections,
      receivers: RECEIVERS,
      warmUpMs,
      measureMs,
    }
    const program = new URL('loop.ts', import.meta.url)
    const child = new Child('the bare loop', program, { argument, logPath: join(own, 'run.log') })
    try {
      const { rate } = await child.line<Looped>(warmUpMs + measureMs + SPARE_MS)
      return { rate: [rate, '1/s'] }
    } finally {
      await child.stop()
      await service.stop()
    }
  })
}

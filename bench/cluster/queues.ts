import { join } from 'node:path'
import { Child } from '../child.ts'
import type { Figures, Settings } from '../harness.ts'
import type { Flow, FlowJob } from '../ledger/flow.ts'
import { templates } from '../load/bodies.ts'
import { freshDir } from '../machine.ts'
import { peerProgram } from '../peers/programs.ts'
import { treeCpuMs } from '../proc.ts'
import { startService } from '../services.ts'

const RUN_MS = 600_000
// They go on the command line, which takes 128 KB at most.
const BODIES = 16

/** Admit, lease and settle in Postgres, no HTTP. */
export function ledgerAlone(settings: Settings): Promise<Figures> {
  const events = settings.quick ? 5_000 : 30_000
  return inQueue('ledger', { settings, events, program: new URL('../ledger/flow.ts', import.meta.url) }, (url) => {
    return { path: url, events } satisfies FlowJob
  })
}

/** Send, fetch and complete in the same Postgres: fewer of them, since each takes so much longer. */
export async function pgBossAlone(settings: Settings): Promise<Figures> {
  const events = settings.quick ? 1_000 : 3_000
  const bodies = templates(BODIES).map(({ body }) => JSON.parse(body.toString()))
  const program = await peerProgram('pg-boss-cycle.mjs')
  return inQueue('pg-boss', { settings, events, program }, (url) => ({ url, events, bodies }))
}

interface Part {
  readonly settings: Settings
  readonly events: number
  readonly program: URL
}

/** A program over a fresh Postgres that prints its rate. */
async function inQueue(
  name: string,
  { settings, events, program }: Part,
  argumentOf: (url: string) => object,
): Promise<Figures> {
  const { dir, remove } = freshDir(settings.dir)
  const service = await startService('postgres', settings.dir)
  const argument = argumentOf(service.url)
  const child = new Child(name, program, { argument, logPath: join(dir, 'run.log') })
  try {
    const { rate, cpuUs } = await child.line<Flow>(RUN_MS)
    const serviceUs = (treeCpuMs(service.pid) * 1_000) / events
    return { rate: [rate, '1/s'], cpu: [cpuUs, 'us'], service_cpu: [serviceUs, 'us'] }
  } finally {
    await child.stop()
    await service.stop()
    remove()
  }
}

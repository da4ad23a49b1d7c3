import { join } from 'node:path'
import { Child } from './child.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import type { Flow, FlowJob } from './ledger/flow.ts'
import { templates } from './load/bodies.ts'
import { freshDir } from './machine.ts'
import { peerProgram } from './peers/programs.ts'
import { versions } from './peers.ts'
import { treeCpuMs } from './proc.ts'
import { startService } from './services.ts'

const LEDGER = 'ledger'
const BULLMQ = 'bullmq'
const BULLMQ_BULK = 'bullmq-bulk'

/** The queue alone, no HTTP: in, worked and remembered as done. */
export const cyclePeers: Bench = {
  name: 'cycle-peers',
  about: 'the ledger alone (admit, lease, settle) beside BullMQ alone (add, work): 64 in at a time, 256 worked',
  reference: LEDGER,
  alternations: { full: 5, quick: 1 },
  bars: [{ subject: BULLMQ, metric: 'rate', atMost: 1 / 4, of: LEDGER }],
  versions,
  run: (settings) =>
    alternate([LEDGER, BULLMQ, BULLMQ_BULK], settings, (name) =>
      name === LEDGER ? ledgerFigures(settings) : bullmqFigures(name === BULLMQ_BULK, settings),
    ),
}

const RUN_MS = 300_000

/** As it is shipped, in a thread of its own. */
async function ledgerFigures(settings: Settings): Promise<Figures> {
  const { dir, remove } = freshDir(settings.dir)
  const argument: FlowJob = { path: join(dir, 'ledger.db'), events: settings.quick ? 5_000 : 30_000 }
  const child = new Child(LEDGER, new URL('ledger/flow.ts', import.meta.url), {
    argument,
    logPath: join(dir, 'run.log'),
  })
  try {
    const { rate, cpuUs } = await child.line<Flow>(RUN_MS)
    return { rate: [rate, '1/s'], cpu: [cpuUs, 'us'], service_cpu: [0, 'us'] }
  } finally {
    await child.stop()
    remove()
  }
}

/** A fresh Redis, `appendfsync always`. */
async function bullmqFigures(bulk: boolean, settings: Settings): Promise<Figures> {
  const program = await peerProgram('bullmq-cycle.mjs')
  const { dir, remove } = freshDir(settings.dir)
  const redis = await startService('redis', settings.dir)
  const events = settings.quick ? 5_000 : 30_000
  const bodies = templates(BODIES).map(({ body }) => JSON.parse(body.toString()))
  const child = new Child('bullmq', program, {
    argument: { url: redis.url, events, bulk, bodies },
    logPath: join(dir, 'run.log'),
  })
  try {
    await child.line(RUN_MS)
    const before = treeCpuMs(redis.pid)
    const { rate, cpuMs } = await child.line<{ rate: number; cpuMs: number }>(RUN_MS)
    const each = (ms: number) => (ms * 1_000) / events
    return { rate: [rate, '1/s'], cpu: [each(cpuMs), 'us'], service_cpu: [each(treeCpuMs(redis.pid) - before), 'us'] }
  } finally {
    await child.stop()
    await redis.stop()
    remove()
  }
}

// They go on the command line, which takes 128 KB at most.
const BODIES = 16

import { treeCpuMs, watchForeign } from '../../bench/proc.ts'
import type { Stage } from './stages.ts'

/** How many cores were kept busy on average: by what is tried with its load, and by everybody else on the machine. */
export interface Cores {
  readonly ours: number
  readonly foreign: number
}

/** From now until it is called, with the CPU time of the load generator. */
export function coresOf(stage: Stage): (generatorMs: number) => Cores {
  const cpuMs = () => Object.values(stage.pids()).reduce((sum, pid) => sum + treeCpuMs(pid), 0)
  const from = { at: performance.now(), cpuMs: cpuMs() }
  const foreign = watchForeign()
  return (generatorMs) => {
    const oursMs = cpuMs() - from.cpuMs + generatorMs
    return { ours: oursMs / (performance.now() - from.at), foreign: foreign(oursMs) }
  }
}

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { aptInstall, onPath } from './apt.ts'
import { until } from './lines.ts'
import type { Place } from './place.ts'
import { service } from './service.ts'

export interface Strace {
  /** Follows all threads of a process. Resolves when strace is attached, so that nothing after that is missed. */
  attach(want: { pid: number; calls: readonly string[] }): Promise<Trace>
}

export interface Trace {
  /** Detaches and gives the calls in the order in which they began and ended, one a line: thread, seconds, call. Descriptors show what they are. */
  stop(): Promise<readonly string[]>
}

/** Shows which system calls a process makes. A promise about the disk is kept only if the calls are seen. */
export const strace = await service<Strace>('strace', {
  from: 'apt',
  env: 'TEST_STRACE',
  present: () => onPath('strace'),
  install: () => aptInstall('strace'),
  connect: async (program, place) => tracer(program, place),
  start: async (place) => tracer('strace', place),
})

let traces = 0

const tracer = (program: string, place: Place): Strace => ({
  async attach({ pid, calls }) {
    const file = join(await place.folder(), `${traces++}.trace`)
    const options = ['-f', '-ttt', '-yy', '-s', '64', '-e', `trace=${calls.join(',')}`, '-o', file, '-p', `${pid}`]
    const child = place.spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'] })
    await until('strace', child.stderr, /attached/)
    return {
      async stop() {
        child.kill('SIGINT')
        await once(child, 'close')
        return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
      },
    }
  },
})

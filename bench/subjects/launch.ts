import { join } from 'node:path'
import { Child } from '../child.ts'
import type { SubjectOptions } from './options.ts'
import type { Running } from './subject.ts'

/** Starts a subject's program, which prints `{ port, api?, times? }` when it takes requests. */
export async function launch<O extends SubjectOptions>(name: string, program: URL, argument: O): Promise<Running> {
  const { dir } = argument
  const child = new Child(name, program, { argument, logPath: join(dir, 'stderr.log') })
  try {
    const { port, api = null, times = null } = await child.line<Said>(READY_MS)
    return { dir, port, pids: [child.pid], services: [], api, times, stop: () => child.stop() }
  } catch (error) {
    await child.stop()
    throw error
  }
}

type Said = Pick<Running, 'port'> & Partial<Pick<Running, 'api' | 'times'>>

const READY_MS = 30_000

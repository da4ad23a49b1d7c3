import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { aptInstall, onPath } from './apt.ts'
import type { Place } from './place.ts'
import { service } from './service.ts'

const run = promisify(execFile)

/** Runs promtool and gives what it printed; what it refuses is an Error that says why. */
export type Promtool = (...words: readonly string[]) => Promise<string>

/** Reads rules as Prometheus does, and works them over series that are made up. It never speaks to a server here. */
export const promtool = await service<Promtool>('promtool', {
  from: 'apt',
  env: 'TEST_PROMTOOL',
  present: () => onPath('promtool'),
  install: () => aptInstall('prometheus'),
  connect: async (program, place) => caller(program, place),
  start: async (place) => caller('promtool', place),
})

async function caller(program: string, place: Place): Promise<Promtool> {
  const cwd = await place.folder()
  return async (...words) => (await run(program, words, { cwd })).stdout
}

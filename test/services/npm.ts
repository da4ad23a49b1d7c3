import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Packages that a clone does without until they are asked for. Both folders end in a slash. */
export interface OnDemand {
  /** Holds `package.json` and `package-lock.json`, and an `.npmrc` where one is needed. */
  readonly from: URL
  /** Under `.cache/`, which git ignores. */
  readonly into: URL
}

/** Are the packages of exactly this lock file installed? */
export async function npmPresent({ from, into }: OnDemand): Promise<boolean> {
  const text = (file: URL) => readFile(file, 'utf8').catch(() => null)
  return (await text(new URL(LOCK, from))) === (await text(new URL(DONE, into)))
}

/**
 * `npm ci`, unless that is done. Half of it is never seen, whoever else installs the same at the same time. A package's own install
 * script runs only where `allowScripts` in its `package.json` names it.
 */
export async function npmInstall(packages: OnDemand): Promise<void> {
  if (await npmPresent(packages)) return
  const into = fileURLToPath(packages.into).replace(/\/$/, '')
  await mkdir(dirname(into), { recursive: true })
  const fresh = await mkdtemp(`${into}-fresh-`)
  try {
    // A temporary folder is its maker's alone; a server that does not run as root is to find its programs here.
    await chmod(fresh, 0o755)
    for (const file of ['package.json', LOCK]) await copyFile(new URL(file, packages.from), join(fresh, file))
    await copyFile(new URL(SETTINGS, packages.from), join(fresh, SETTINGS)).catch(() => {})
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: fresh, timeout: INSTALL_MS })
    await copyFile(join(fresh, LOCK), join(fresh, DONE))
    // Somebody else may have been quicker; what lies there of another lock file goes.
    if (await npmPresent(packages)) return
    await rm(into, { recursive: true, force: true })
    await rename(fresh, into).catch(async (error: unknown) => {
      if (!(await npmPresent(packages))) throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

const LOCK = 'package-lock.json'
const SETTINGS = '.npmrc'
/** The lock file of what is whole. */
const DONE = 'installed.json'
const INSTALL_MS = 300_000

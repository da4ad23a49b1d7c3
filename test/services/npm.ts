import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Packages that a clone does without until they are asked for. Both folders end in a slash. */
export interface OnDemand {
  /** Holds `package.json` and `package-lock.json`. */
  readonly from: URL
  /** Under `.cache/`, which git ignores. */
  readonly into: URL
}

/** Are the packages of exactly this lock file installed? */
export async function npmPresent({ from, into }: OnDemand): Promise<boolean> {
  const text = (file: URL) => readFile(file, 'utf8').catch(() => null)
  return (await text(new URL(LOCK, from))) === (await text(new URL(DONE, into)))
}

/** `npm ci`, unless that is done. A package's own install script runs only where `allowScripts` in its `package.json` names it. */
export async function npmInstall(packages: OnDemand): Promise<void> {
  if (await npmPresent(packages)) return
  const { from, into } = packages
  await mkdir(into, { recursive: true })
  for (const file of ['package.json', LOCK]) await copyFile(new URL(file, from), new URL(file, into))
  await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(into),
    timeout: INSTALL_MS,
  })
  await copyFile(new URL(LOCK, from), new URL(DONE, into))
}

const LOCK = 'package-lock.json'
/** The lock file of what is whole. */
const DONE = 'installed.json'
const INSTALL_MS = 300_000

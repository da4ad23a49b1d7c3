import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after } from 'node:test'
import { npm, pack, run } from '../package/project.ts'

/** Git does not see it: what npm brought stays for the next run, as long as the lock file is the same. */
const CACHE = '.cache/examples'

/**
 * An example as its users have it: a copy of `examples/<name>` with the packages of its lock file, and in the place of
 * `hookkeeper` this checkout, packed as it would be published. Without a network it is a named skip, under `CI=true` a
 * failure.
 */
export async function installed(name: string): Promise<{ dir: string } | { skip: string }> {
  const tarball = await packed()
  const { manifest, lock } = await rewritten(name)
  const key = createHash('sha256').update(`${process.versions.modules} ${manifest} ${lock}`).digest('hex').slice(0, 12)
  const dir = resolve(CACHE, `${name}-${key}`)
  await emptied(dir)
  await cp(join('examples', name), dir, {
    recursive: true,
    filter: (from) => !/(node_modules|\.hookkeeper)$/.test(from),
  })
  await writeFile(join(dir, 'package.json'), manifest)
  await writeFile(join(dir, 'package-lock.json'), lock)
  await cp(tarball, join(dir, TARBALL))
  try {
    if (!existsSync(join(dir, DONE))) await npm(dir, ['ci', ...OPTIONS])
  } catch (error) {
    const away = AWAY.exec(String(error))?.[0]
    if (away === undefined || process.env['CI'] === 'true') throw error
    return { skip: `${name} cannot be installed: npm's registry is out of reach (${away})` }
  }
  await writeFile(join(dir, DONE), '')
  await renewed(dir)
  return { dir }
}

export const TARBALL = 'hookkeeper.tgz'
// npm's own patience is over a minute, even where there is no network at all.
const OPTIONS = [
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=5000',
]
const DONE = 'node_modules/.installed'
export const AWAY =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/

let tarball: Promise<string> | null = null

/** Once for a test file. */
export function packed(): Promise<string> {
  tarball ??= mkdtemp(join(tmpdir(), 'hookkeeper-packed-')).then((folder) => {
    after(() => rm(folder, { recursive: true, force: true }))
    return pack(folder)
  })
  return tarball
}

/** The two files of npm as committed, but for where `hookkeeper` comes from: a file instead of the registry. */
async function rewritten(name: string): Promise<{ manifest: string; lock: string }> {
  const read = async (file: string) => JSON.parse(await readFile(join('examples', name, file), 'utf8'))
  const [manifest, lock] = [await read('package.json'), await read('package-lock.json')]
  const from = `file:${TARBALL}`
  manifest.dependencies.hookkeeper = from
  lock.packages[''].dependencies.hookkeeper = from
  lock.packages['node_modules/hookkeeper'].resolved = from
  return { manifest: JSON.stringify(manifest), lock: JSON.stringify(lock) }
}

/** What an earlier run left goes, but for what npm brought; so do the folders of earlier lock files. */
async function emptied(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const name = dir.slice(0, dir.lastIndexOf('-'))
  const others = (await readdir(CACHE)).map((one) => resolve(CACHE, one)).filter((one) => one !== dir)
  const old = others.filter((one) => one.slice(0, one.lastIndexOf('-')) === name)
  const left = (await readdir(dir)).filter((one) => one !== 'node_modules').map((one) => join(dir, one))
  await Promise.all([...old, ...left].map((path) => rm(path, { recursive: true, force: true })))
}

/** The code of this checkout over what was unpacked by an earlier run. */
async function renewed(dir: string): Promise<void> {
  const folder = join(dir, 'node_modules', 'hookkeeper')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await run('tar', ['-xzf', join(dir, TARBALL), '-C', folder, '--strip-components', '1'])
  await chmod(join(folder, 'dist', 'cli', 'bin.js'), 0o755)
}

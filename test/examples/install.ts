import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
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

/** This checkout, packed once for all test files: building it takes as long as many a test. */
export function packed(): Promise<string> {
  tarball ??= packedAs(`packed-${digest()}.tgz`)
  return tarball
}

async function packedAs(name: string): Promise<string> {
  const path = resolve(CACHE, name)
  if (existsSync(path)) return path
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'packing-'))
  const earlier = (await readdir(CACHE)).filter((one) => /^packed-.*\.tgz$/.test(one))
  await rename(await pack(folder), path)
  await Promise.all([folder, ...earlier.map((one) => join(CACHE, one))].map((one) => rm(one, { recursive: true })))
  return path
}

const PACKED = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'ARCHITECTURE.md', 'CHANGELOG.md', 'README.md']

/** Of all that a package is made from. */
function digest(): string {
  const below = ['src', 'docs'].flatMap((folder) => globSync(`${folder}/**/*.*`).sort())
  const hash = createHash('sha256')
  for (const file of [...PACKED, ...below]) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
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

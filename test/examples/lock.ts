import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npm, pack } from '../package/project.ts'

/**
 * `node test/examples/lock.ts [name]...` writes the lock files of the examples anew: every package as npm resolves it now, and
 * `hookkeeper` as this checkout, without an address, so that npm looks for it where it looks for all others.
 */
const folder = await mkdtemp(join(tmpdir(), 'hookkeeper-lock-'))
const tarball = await pack(folder)
const { version } = JSON.parse(await readFile('package.json', 'utf8'))
const asked = process.argv.slice(2)
for (const name of asked.length > 0 ? asked : await readdir('examples')) {
  const lock = await locked(name)
  await writeFile(join('examples', name, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`${name}: ${Object.keys(lock.packages).length - 1} packages`)
}
await rm(folder, { recursive: true, force: true })

async function locked(name: string) {
  const dir = await mkdtemp(join(folder, `${name}-`))
  const manifest = JSON.parse(await readFile(join('examples', name, 'package.json'), 'utf8'))
  const wanted = manifest.dependencies.hookkeeper
  manifest.dependencies.hookkeeper = 'file:hookkeeper.tgz'
  await writeFile(join(dir, 'package.json'), JSON.stringify(manifest))
  await cp(tarball, join(dir, 'hookkeeper.tgz'))
  await npm(dir, ['install', '--package-lock-only', '--no-audit', '--no-fund'])
  const lock = JSON.parse(await readFile(join(dir, 'package-lock.json'), 'utf8'))
  lock.packages[''].dependencies.hookkeeper = wanted
  const { resolved: _, integrity: __, ...ours } = lock.packages['node_modules/hookkeeper']
  lock.packages['node_modules/hookkeeper'] = { ...ours, version }
  return lock
}

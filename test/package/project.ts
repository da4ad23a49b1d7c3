import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** An empty project into which the packed tarball was installed, as a user does it. */
export interface Project {
  readonly folder: string
  write(file: string, text: string): Promise<string>
  remove(): Promise<void>
}

/** Packs this checkout (which builds it) and installs the tarball beside `stripe` in a new folder. */
export async function install(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'hookkeeper-package-'))
  const tarball = await pack(folder)
  const app = join(folder, 'app')
  await mkdir(app)
  await writeFile(join(app, 'package.json'), '{ "name": "app", "private": true }')
  await npm(app, ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...(await companions())])
  return {
    folder: app,
    async write(file, text) {
      await writeFile(join(app, file), text)
      return join(app, file)
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Builds this checkout and packs it as it would be published. Resolves to the tarball's path. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await npm('.', ['pack', '--silent', '--pack-destination', folder])
  return join(folder, stdout.trim().split('\n').at(-1) ?? '')
}

const INSTALL_MS = 120_000

export const npm = (cwd: string, words: readonly string[]) => {
  const script = process.env['npm_execpath']
  const options = { cwd, timeout: INSTALL_MS }
  return script?.endsWith('.js') ? run(process.execPath, [script, ...words], options) : run('npm', [...words], options)
}

// The versions of the checkout, which are in npm's cache after `npm ci`.
async function companions(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8'))
  return ['stripe', '@types/node'].map((name) => `${name}@${packages[`node_modules/${name}`].version}`)
}

/** Bytes of the files below `folder`, without the packages named. */
export async function sizeOf(folder: string, without: readonly string[]): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const counted = files.filter((file) => !without.some((name) => file.startsWith(join(folder, name, '/'))))
  return (await Promise.all(counted.map(async (file) => (await stat(file)).size))).reduce((sum, size) => sum + size, 0)
}

/** The first Node of that major version on the PATH, or null. */
export async function nodeOnPath(major: number): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    const version = await run(path, ['--version']).then(
      ({ stdout }) => stdout,
      () => '',
    )
    if (version.startsWith(`v${major}.`)) return path
  }
  return null
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** How long another apt may hold its lock, and how long a download may take. */
const APT_MS = 300_000

/** Is there a program of that name on the PATH? */
export async function onPath(program: string): Promise<boolean> {
  return run('sh', ['-c', 'command -v "$0"', program]).then(
    () => true,
    () => false,
  )
}

/** Installs a Debian package. Needs root, as a container has it. */
export async function aptInstall(name: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error(`Only root can install ${name}: run apt-get install ${name} first.`)
  const lock = ['-o', 'DPkg::Lock::Timeout=120']
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: APT_MS }
  await run('apt-get', [...lock, '-qq', 'update'], options)
  await run('apt-get', [...lock, '-qq', '-y', '--no-install-recommends', 'install', name], options)
}

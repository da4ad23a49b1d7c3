import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The code that runs, as far as the directory tells: the git commit, else name and version of the package, else `unknown`. */
export function releaseOf(cwd: string): string {
  return commit(cwd) ?? version(cwd) ?? 'unknown'
}

function commit(cwd: string): string | null {
  const git = upwards(cwd, '.git')
  const head = git && read(join(git, 'HEAD'))
  if (!git || !head) return null
  const [, ref] = /^ref: (.+)$/.exec(head) ?? []
  const hash = ref ? (read(join(git, ref)) ?? packed(git, ref)) : head
  return hash && /^[0-9a-f]{40,64}$/.test(hash) ? hash.slice(0, 12) : null
}

/** After `git gc` a branch is a line in this file: `<hash> <ref>`. */
function packed(git: string, ref: string): string | null {
  const line = read(join(git, 'packed-refs'))
    ?.split('\n')
    .find((one) => one.endsWith(` ${ref}`))
  return line?.split(' ')[0] ?? null
}

function version(cwd: string): string | null {
  const file = upwards(cwd, 'package.json')
  if (!file) return null
  try {
    const { name, version } = JSON.parse(read(file) ?? '{}')
    return typeof version === 'string' ? `${name ?? 'package'}@${version}` : null
  } catch {
    // A package.json that npm cannot read either is somebody else's trouble.
    return null
  }
}

function upwards(from: string, name: string): string | null {
  const here = join(from, name)
  if (existsSync(here)) return here
  return dirname(from) === from ? null : upwards(dirname(from), name)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}

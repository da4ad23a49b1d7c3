import { execFile } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Many servers refuse to run as root: then one is run as the first of these users that there is, else as `nobody`. */
export async function unprivileged(...users: readonly string[]): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null
  const ask = [...users, 'nobody'].map((user) => `id "$0" ${user} 2>/dev/null`).join(' || ')
  const id = (flag: string) => run('sh', ['-c', ask, flag]).then(({ stdout }) => Number(stdout))
  return { uid: await id('-u'), gid: await id('-g') }
}

/** Gives folders to that user; nothing to do when there is none. */
export async function give(owner: Owner | null, ...paths: readonly string[]): Promise<void> {
  for (const path of owner ? paths : []) await chown(path, owner!.uid, owner!.gid)
}

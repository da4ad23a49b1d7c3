import { open } from 'node:fs/promises'
import { failure } from '../../core/errors.ts'
import { localMaster } from '../local-master.ts'
import type { Master } from '../master.ts'

/** Others may do nothing with the file, and only its owner may write it. Its group may read it: so secrets are mounted. */
const FORBIDDEN = 0o027

/** Master keys in a file, one a line, the present one first. It is read again whenever a key is wrapped or unwrapped. */
export function masterInFile(path: string): Master {
  const place = `file:${path}`
  const remedy = `Make one: (umask 077; openssl rand -base64 32 > ${path})`
  return localMaster({ place, remedy, read: () => contents(path, place, remedy) })
}

async function contents(path: string, place: string, remedy: string): Promise<string> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'ENOENT' ? 'there is no such file' : `reading it fails with ${error.code}`
    throw failure('vault_master_unfit', { place, what, remedy }, { cause: error })
  })
  try {
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & FORBIDDEN) !== 0) throw tooOpen(path, place, mode)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function tooOpen(path: string, place: string, mode: number): Error {
  const rights = (mode & 0o777).toString(8).padStart(4, '0')
  const what = `its rights are ${rights}, so that others than its owner and its group can use it, or more than one can write it`
  return failure('vault_master_unfit', { place, what, remedy: `chmod 600 ${path}` })
}

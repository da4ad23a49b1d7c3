import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onPath } from '../services/apt.ts'
import type { Place } from '../services/place.ts'

const run = promisify(execFile)

/** A place for a ledger where writes can be made to fail, and to work again. */
export interface Disk {
  readonly folder: string
  /** From now on the process cannot make its files longer. */
  fill(pid: number): Promise<void>
  free(pid: number): Promise<void>
  remove(): Promise<void>
}

export interface Way {
  readonly name: string
  /** False, or why this cannot be tried here. */
  readonly skip: string | false
  make(place: Place): Promise<Disk>
}

const DISK_MB = 64
/** A file may not grow past that: less than the write-ahead log needs for one commit. */
const FILE_BYTES = 16_384

/** A file system of its own that is really full: SQLite meets ENOSPC. */
const tmpfs: Way = {
  name: 'the disk is full (ENOSPC)',
  skip: await mountable(),
  async make() {
    const folder = await mkdtemp(join(tmpdir(), 'hookkeeper-full-'))
    const ballast = join(folder, 'ballast')
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder])
    return {
      folder,
      // Ends when nothing more fits, which is what it is for.
      fill: () => run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096']).then(neverMind, neverMind),
      free: () => rm(ballast, { force: true }),
      async remove() {
        await run('umount', ['-l', folder])
        await rm(folder, { recursive: true })
      },
    }
  },
}

/** A limit on the length of files: the same writes fail with another error, EFBIG, and some are cut in the middle. */
const limit: Way = {
  name: 'files may not grow (EFBIG)',
  skip: (await onPath('prlimit')) ? false : 'prlimit is missing: it comes with util-linux',
  async make(place) {
    const set = (pid: number, bytes: string) =>
      run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]).then(neverMind)
    return {
      folder: await place.folder(),
      fill: (pid) => set(pid, String(FILE_BYTES)),
      free: (pid) => set(pid, 'unlimited'),
      remove: async () => {},
    }
  },
}

export const ways: readonly Way[] = [tmpfs, limit]

const neverMind = (): void => {}

async function mountable(): Promise<string | false> {
  const probe = await mkdtemp(join(tmpdir(), 'hookkeeper-mount-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe])
    await run('umount', [probe])
    return false
  } catch {
    return 'only root may mount a tmpfs, and some containers let nobody'
  } finally {
    await rm(probe, { recursive: true, force: true })
  }
}

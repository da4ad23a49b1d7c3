import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/service.ts'
import type { Finding } from '../store.ts'

/** A WAL that is larger than this means that a reader keeps the checkpoint from going on. */
const WAL_MAX_BYTES = 64 * 1024 * 1024

/** What an operator should know about the file: who else has it open, how large its WAL is, where it lies. */
export function checkFile(path: string): Finding[] {
  if (path === ':memory:')
    return [
      {
        level: 'warn',
        what: 'The ledger is in memory and ends with the process.',
        remedy: 'Set DATABASE_URL to a file.',
      },
    ]
  return [...walFindings(path), ...readerFindings(path), ...folderFindings(path)]
}

const LOOK_MS = 60_000

/** Says in the log, once each time, when somebody's long read keeps the write-ahead log from shrinking, and who. Ends when called. */
export function watchReaders(path: string, { clock, log, maxBytes = WAL_MAX_BYTES }: Watch): () => void {
  let told = false
  let cancel = () => {}
  const look = () => {
    const grown = path === ':memory:' ? [] : walFindings(path, maxBytes)
    const findings = grown.length > 0 && !told ? [...grown, ...readerFindings(path)] : []
    for (const { what, remedy } of findings) log.warn({ path }, `${what} ${remedy}`)
    told = grown.length > 0
    cancel = clock.after(LOOK_MS, look)
  }
  look()
  return () => cancel()
}

export interface Watch {
  readonly clock: Clock
  readonly log: Logger
  readonly maxBytes?: number
}

function walFindings(path: string, maxBytes = WAL_MAX_BYTES): Finding[] {
  const bytes = sizeOf(`${path}-wal`)
  if (bytes <= maxBytes) return []
  const what = `The write-ahead log of ${path} has grown to ${Math.round(bytes / 1e6)} MB: a reader holds an old snapshot open.`
  return [
    {
      level: 'warn',
      what,
      remedy: 'End the long read (a shell, a back-up tool, a report); the log shrinks by itself then.',
    },
  ]
}

/** Other processes that have the file open, by pid and name; on Linux only, where /proc tells. */
function readerFindings(path: string): Finding[] {
  const file = resolve(path)
  return pids().flatMap((pid): Finding[] => {
    if (pid === process.pid || !hasOpen(pid, file)) return []
    const what = `Process ${pid} (${nameOf(pid)}) has ${path} open; while it reads, the write-ahead log cannot shrink.`
    return [{ level: 'warn', what, remedy: 'Read a copy made by `hookkeeper backup` instead.' }]
  })
}

function folderFindings(path: string): Finding[] {
  const folder = dirname(resolve(path))
  if (!folder.startsWith('/tmp') && !folder.startsWith('/dev/shm'))
    return [{ level: 'ok', what: `The ledger is ${path}.`, remedy: null }]
  return [
    {
      level: 'warn',
      what: `${folder} is emptied by a restart of many systems.`,
      remedy: 'Keep the ledger on a disk that lasts.',
    },
  ]
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function hasOpen(pid: number, file: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === file
      } catch {
        return false
      }
    })
  } catch {
    return false // another user's process: nothing can be said of it
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'gone'
  }
}

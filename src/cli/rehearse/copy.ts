import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findRunning, runFile } from '../../cluster/running.ts'
import type { Config } from '../../config.ts'
import { failure } from '../../core/errors.ts'
import { ledgerPath } from '../../presets/sqlite.ts'
import { bytesOf, copyAtRest } from '../../store/sqlite/backup.ts'
import type { Context } from '../context.ts'
import { reach } from '../reach.ts'

/** A consistent copy of the ledger in a folder of its own. */
export interface Copy {
  readonly path: string
  readonly folder: string
  remove(): void
}

const MB = 1_048_576

/** Copies the ledger without a change to it, beside it unless said otherwise: a temporary folder may be memory. Whoever runs goes on. */
export async function copyOf(config: Config, dir: string | null, context: Context): Promise<Copy> {
  const ledger = ledgerPath(config.databaseUrl, config.cwd)
  if (!existsSync(ledger))
    throw failure('database_unknown', { url: `sqlite:${ledger}`, what: 'there is no ledger yet' })
  const within = dir ?? dirname(ledger)
  mkdirSync(within, { recursive: true, mode: 0o700 })
  requireRoom(ledger, within, config.ingestion.diskReserveMb)
  // It holds customers' data: only its owner may enter.
  const folder = mkdtempSync(join(within, 'rehearsal-'))
  const copy = {
    path: join(folder, 'ledger.db'),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
  try {
    if (await findRunning(runFile(ledger))) await byWhoeverRuns(config, copy.path, context)
    // To open the ledger as its keeper would end its leases, and to close it as its last reader would fold what a crash left in
    // the write-ahead log.
    else await copyAtRest(ledger, copy.path)
    return copy
  } catch (error) {
    copy.remove()
    throw error
  }
}

function requireRoom(ledger: string, path: string, reserveMb: number): void {
  const { bavail, bsize } = statfsSync(path)
  const free = Math.floor((bavail * bsize) / MB)
  const needed = Math.ceil(bytesOf(ledger) / MB) + reserveMb
  if (free < needed) throw failure('rehearsal_no_room', { needed, free, path })
}

/** The writer's own copy follows its writes, and holds no old snapshot open. */
async function byWhoeverRuns(config: Config, to: string, context: Context): Promise<void> {
  const api = await reach(config, context)
  try {
    await api.post('/api/v1/backup', { path: to })
  } finally {
    await api.close()
  }
}

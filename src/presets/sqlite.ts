import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Logger } from '../core/service.ts'
import type { Recording } from '../store/recording.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'

export interface SqlitePreset {
  readonly cwd: string
  readonly clock?: Clock
  readonly log?: Logger
  readonly ephemeral?: string | null
  readonly retention?: { readonly bodyDays: number; readonly eventDays: number }
}

/** The ledger in the file that a DATABASE_URL names, brought up to date. */
export function openSqliteAt(url: string, { cwd, ephemeral, clock, log, retention }: SqlitePreset): Promise<Store> {
  const path = ledgerPath(url, cwd)
  if (ephemeral) throw failure('disk_ephemeral', { platform: ephemeral })
  // The ledger holds customers' data: a folder that is made for it is its owner's alone.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return openSqlite({ path, ...(clock && { clock }), ...(log && { log }), ...(retention && { retention }) })
}

/** A copy of a ledger, to rehearse on. */
export async function openRecording(path: string, clock: Clock): Promise<Recording> {
  const recording = await import('../store/sqlite/recording.ts')
  return recording.openRecording(path, clock)
}

/** A ledger that is gone with the process. */
export const openScratch = (clock: Clock): Promise<Store> => openSqlite({ path: ':memory:', thread: false, clock })

/** The file that a DATABASE_URL names: `sqlite:path`, `sqlite:///absolute/path`; relative ones count from `cwd`. */
export function ledgerPath(url: string, cwd: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme !== 'sqlite') throw refused(url, scheme)
  const path = url.slice('sqlite:'.length).replace(/^\/\//, '')
  if (path === '' || path.startsWith(':')) {
    throw failure('database_unknown', { url: shown(url), what: 'it names no file' })
  }
  return resolve(cwd, path)
}

function refused(url: string, scheme: string | undefined): Error {
  const what = scheme ? 'a ledger is kept in SQLite or Postgres' : 'it does not say what kind of database it is'
  return failure('database_unknown', { url: shown(url), what })
}

/** Only its kind where there may be a password in it. */
const shown = (url: string): string => (/[@?]/.test(url) ? `${/^[a-z0-9+.-]+:/i.exec(url)?.[0] ?? ''}...` : url)

import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { Config } from '../config.ts'
import type { Service } from '../core/service.ts'
import { ledgerFile } from '../presets/database.ts'

const schema = z.object({
  pid: z.int().positive(),
  started: z.string(),
  version: z.string(),
  roles: z.array(z.string()),
  /** Where Stripe posts; null without the role. */
  public: z.url().nullable(),
  /** The API. */
  private: z.url(),
  token: z.string(),
})

/** Where the process that keeps a ledger can be spoken to. Written beside the database, for its owner's eyes only. */
export type Running = z.output<typeof schema>

export const runFile = (ledgerPath: string): string => `${ledgerPath}.run.json`

/** The process that keeps this ledger, or null. One in a database server is kept by nobody alone: whoever asks opens it. */
export async function runningOn({ databaseUrl, cwd }: Pick<Config, 'databaseUrl' | 'cwd'>): Promise<Running | null> {
  const file = ledgerFile(databaseUrl, cwd)
  return file === null ? null : findRunning(runFile(file))
}

export interface Announcement extends Service {
  /** Something of it has changed. */
  reload(): void
}

/** Announced from start to stop. */
export const announcement = (file: string, describe: () => Running): Announcement => ({
  start: async () => announce(file, describe()),
  reload: () => announce(file, describe()),
  stop: async () => withdraw(file, process.pid),
})

export function announce(file: string, running: Running): void {
  // A new file and a rename: nobody reads half of it, and what stood there before cannot lend it wider rights.
  const fresh = `${file}.${running.pid}`
  rmSync(fresh, { force: true })
  writeFileSync(fresh, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(fresh, 0o600)
  renameSync(fresh, file)
}

/** Takes the announcement back, unless another process has put its own there. */
export function withdraw(file: string, pid: number): void {
  if (read(file)?.pid === pid) rmSync(file, { force: true })
}

/** The live process that announced itself there, or null. A file that a crash left behind counts for nothing. */
export async function findRunning(file: string): Promise<Running | null> {
  const running = read(file)
  return running && alive(running.pid) && (await answers(running)) ? running : null
}

const ANSWER_MS = 5000

async function answers({ private: address }: Running): Promise<boolean> {
  try {
    const { ok } = await fetch(new URL('/healthz', address), { signal: AbortSignal.timeout(ANSWER_MS) })
    return ok
  } catch {
    return false
  }
}

function read(file: string): Running | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process lives too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

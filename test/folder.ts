import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** An empty folder that goes when the test file's process ends. */
export function emptyFolder(name: string): string {
  if (made.length === 0)
    process.once('exit', () => made.forEach((folder) => void rmSync(folder, { recursive: true, force: true })))
  const folder = mkdtempSync(join(tmpdir(), `hookkeeper-${name}-`))
  made.push(folder)
  return folder
}

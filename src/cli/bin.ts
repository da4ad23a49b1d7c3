#!/usr/bin/env node
import { failure, type HookkeeperError } from '../core/errors.ts'

// This file runs on Nodes that are too old for all others: nothing here, nor in what it imports above, may need a newer one.
const reason = tooOld(process.versions)
if (reason) {
  console.error(`hookkeeper: ${reason.message} ${reason.remedy}`)
  process.exitCode = 2
} else {
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}

function tooOld({ node, sqlite }: NodeJS.ProcessVersions): HookkeeperError | null {
  if (before(node, [22, 16])) return failure('node_too_old', { version: node })
  if (sqlite && before(sqlite, [3, 51, 3])) return failure('sqlite_too_old', { version: sqlite })
  return null
}

function before(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  const different = least.findIndex((wanted, n) => parts[n] !== wanted)
  return different >= 0 && (parts[different] ?? 0) < (least[different] ?? 0)
}

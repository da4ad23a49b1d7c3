import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** What the figures were measured on, in one line; without it they mean nothing. */
export function machine(dir: string): string {
  const { node, openssl, v8, sqlite } = process.versions as Record<string, string>
  const memory = Math.round(totalmem() / 1024 ** 3)
  const system = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${memory} GiB, Linux ${release()}, ${fileSystem(dir)}`
  return `${system}, Node ${node} (V8 ${v8}, SQLite ${sqlite}, OpenSSL ${openssl})`
}

/** The commit that is checked out, with `+` when files differ from it. */
export function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const changed =
      git('status', '--porcelain', '--', 'src', 'bench', ':!bench/results', 'package-lock.json').trim() !== ''
    return git('rev-parse', '--short=12', 'HEAD').trim() + (changed ? '+' : '')
  } catch {
    return 'unknown'
  }
}

/** A fresh folder on a real disk, and its removal. In memory, syncing costs nothing and every figure would be too good. */
export function freshDir(under: string): { dir: string; remove: () => void } {
  mkdirSync(under, { recursive: true })
  if (fileSystem(under) === 'tmpfs') throw new Error(`${under} is in memory; name a folder on a disk with --dir.`)
  const dir = mkdtempSync(join(under, 'hookkeeper-bench-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

// Magic numbers of statfs(2).
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
}

function fileSystem(dir: string): string {
  const { type } = statfsSync(dir)
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`
}

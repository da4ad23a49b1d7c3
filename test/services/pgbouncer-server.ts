import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall, onPath } from './apt.ts'
import { until } from './lines.ts'
import type { Place } from './place.ts'
import { give, unprivileged } from './unprivileged.ts'

const run = promisify(execFile)

export interface PgBouncer {
  /** Of the same database as the Postgres behind it. */
  readonly url: string
  readonly port: number
  readonly version: string
  /** Null when it was not started here. */
  readonly pid: number | null
  /** Ends it by its process id; one that was not started here is left alone. */
  stop(): Promise<void>
}

/** Debian's; installing it starts none. */
export const pgbouncerProgram = {
  present: async () => (await programPath()) !== null,
  install: () => aptInstall('pgbouncer'),
}

/**
 * Starts one in front of a Postgres that asks for no password, in transaction mode: a client has a server's connection from
 * `begin` to `commit` and no longer. Before 1.21 it does not know prepared statements, so that a named one is another client's
 * too: what goes through here keeps nothing in a session. `settings` are those of the section `[pgbouncer]`.
 */
export async function startPgBouncer(
  place: Place,
  postgresUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PgBouncer> {
  const owner = await unprivileged('postgres')
  const folder = await place.folder()
  const dir = await mkdtemp(join(folder, 'pgbouncer-'))
  await give(owner, folder, dir)
  const port = await place.port()
  const file = join(dir, 'pgbouncer.ini')
  const behind = new URL(postgresUrl)
  await writeFile(file, ini(behind, { ...TRANSACTION_MODE, listen_port: `${port}`, ...settings }))

  const program = (await programPath()) ?? 'pgbouncer'
  const child = place.spawn(program, [file], { cwd: dir, ...owner, stdio: ['ignore', 'ignore', 'pipe'] })
  await until('pgbouncer', child.stderr, /process up/)
  const url = `postgres://${behind.username}@127.0.0.1:${port}${behind.pathname}`
  return { url, port, pid: child.pid ?? null, version: await versionOf(program), stop: () => place.stop(child) }
}

const TRANSACTION_MODE = {
  listen_addr: '127.0.0.1',
  unix_socket_dir: '',
  pool_mode: 'transaction',
  auth_type: 'any',
  max_client_conn: '1000',
  default_pool_size: '20',
  ignore_startup_parameters: 'extra_float_digits,search_path',
}

function ini({ hostname, port, username }: URL, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  // Whoever comes is that one user, unless users are told apart.
  const as = settings['auth_type'] === TRANSACTION_MODE.auth_type ? ` user=${username}` : ''
  return ['[databases]', `* = host=${hostname} port=${port || 5432}${as}`, '[pgbouncer]', ...lines, ''].join('\n')
}

/** Debian keeps it where only root's PATH looks. */
async function programPath(): Promise<string | null> {
  for (const path of ['pgbouncer', '/usr/sbin/pgbouncer']) if (await onPath(path)) return path
  return null
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version'])
  return /PgBouncer ([\d.]+)/.exec(stdout)?.[1] ?? 'unknown'
}

import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { aptInstall, onPath } from './apt.ts'
import { until } from './lines.ts'
import type { Place } from './place.ts'
import type { Recipe } from './recipe.ts'
import { give, unprivileged } from './unprivileged.ts'

const run = promisify(execFile)

export interface MariaDb {
  /** Of the database `hooks`, as a user without a password who may do anything in it, and see who waits for whom. */
  readonly url: string
  readonly port: number
  readonly version: string
  /** Null when it was not started here. */
  readonly pid: number | null
  /** Ends it by its process id; one that was not started here is left alone. */
  stop(): Promise<void>
}

/** MariaDB from Debian, durable as it comes: the MySQL that tests run on. */
export const mariadbServer: Recipe<MariaDb> = {
  from: 'apt',
  env: 'TEST_MARIADB_URL',
  present: async () => (await programs()) !== null,
  install: () => aptInstall('mariadb-server'),
  connect: given,
  start: startMariaDb,
}

/** May be called more than once in one place: each has its own folder and port. */
export async function startMariaDb(place: Place): Promise<MariaDb> {
  const { install, server } = (await programs()) ?? { install: 'mariadb-install-db', server: 'mariadbd' }
  const owner = await unprivileged('mysql')
  const folder = await place.folder()
  const dir = await mkdtemp(join(folder, 'mariadb-'))
  const first = join(dir, 'first.sql')
  await writeFile(first, FIRST)
  await give(owner, folder, dir, first)
  const as = { cwd: dir, ...owner }
  const data = join(dir, 'data')
  await run(
    install,
    ['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal'],
    as,
  )

  const port = await place.port()
  const settings = { datadir: data, port, 'bind-address': '127.0.0.1', socket: join(dir, 'socket'), 'init-file': first }
  const args = ['--no-defaults', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)]
  const child = place.spawn(server, args, { ...as, stdio: ['ignore', 'ignore', 'pipe'] })
  await until('mariadbd', child.stderr, /ready for connections/)
  const url = `mysql://hooks@127.0.0.1:${port}/hooks`
  return { url, port, pid: child.pid ?? null, version: await versionOf(server), stop: () => place.stop(child) }
}

/** What its client prints for a statement: rows in lines, columns with a tab between them. */
export async function ask(url: string, statement: string): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const to = ['--protocol=tcp', `--host=${hostname}`, `--port=${port || 3306}`, `--user=${username}`]
  const options = ['--no-defaults', ...to, `--password=${password}`, '--batch', '--skip-column-names']
  const { stdout } = await run('mariadb', [...options, `--database=${pathname.slice(1)}`, `--execute=${statement}`])
  return stdout.trim()
}

const FIRST = `create database hooks;
create user hooks@'%';
create user hooks@localhost;
grant all on hooks.* to hooks@'%';
grant all on hooks.* to hooks@localhost;
grant process on *.* to hooks@'%';
grant process on *.* to hooks@localhost;
`

/** The server is kept where only root's PATH looks. */
async function programs(): Promise<{ install: string; server: string } | null> {
  for (const server of ['mariadbd', '/usr/sbin/mariadbd'])
    if ((await onPath(server)) && (await onPath('mariadb-install-db'))) return { install: 'mariadb-install-db', server }
  return null
}

async function versionOf(server: string): Promise<string> {
  const { stdout } = await run(server, ['--version'])
  return /Ver ([\d.]+)/.exec(stdout)?.[1] ?? 'unknown'
}

async function given(url: string): Promise<MariaDb> {
  const version = await ask(url, 'select version()')
  return { url, port: Number(new URL(url).port || 3306), pid: null, version, stop: async () => {} }
}

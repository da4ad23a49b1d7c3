import { existsSync } from 'node:fs'
import { access, constants, mkdir, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, relative } from 'node:path'
import { type Running, runningOn } from '../cluster/running.ts'
import { type Config, endpoints } from '../config.ts'
import { HookkeeperError } from '../core/errors.ts'
import { ledgerFile, ledgerName } from '../presets/database.ts'
import type { Finding } from '../store/store.ts'
import { brokerFindings } from './broker-findings.ts'
import type { Context } from './context.ts'
import { lockFindings } from './lock-findings.ts'
import { reach } from './reach.ts'

/** Everything that a person should know before, and while, it runs: one sentence each. */
export async function findings(config: Config, context: Context): Promise<readonly Finding[]> {
  const path = ledgerFile(config.databaseUrl, config.cwd)
  const running = await runningOn(config)
  return [
    versions(),
    configured(config),
    ...secrets(config),
    ...keys(config),
    ...code(config),
    process_(running),
    ...(running ? [] : await ports(config)),
    ...(path
      ? [await folder(path), await disk(path, config)]
      : [ok(`The ledger is ${ledgerName(config.databaseUrl, config.cwd)}.`)]),
    ...(running || !path || existsSync(path) ? await store(config, context) : []),
    ...(await lockFindings(config)),
    ...(await brokerFindings(config, running !== null)),
  ]
}

const ok = (what: string): Finding => ({ level: 'ok', what, remedy: null })
const warn = (what: string, remedy: string): Finding => ({ level: 'warn', what, remedy })
const refuse = (what: string, remedy: string): Finding => ({ level: 'refuse', what, remedy })

const versions = () => ok(`Node ${process.versions.node} with SQLite ${process.versions['sqlite'] ?? 'unknown'}.`)

const configured = ({ file, cwd, release }: Config) =>
  ok(`${file ? `Configured by ${relative(cwd, file)}` : 'No config file'}; the release is ${release}.`)

function secrets({ accounts, roles, forward }: Config): Finding[] {
  const all = endpoints(accounts)
  const remedy = 'Set STRIPE_WEBHOOK_SECRET to the whsec_... of your endpoint (`stripe listen` prints one).'
  if (all.length > 0)
    return all.map(({ endpoint, secrets }) => ok(`Endpoint ${endpoint} has ${counted(secrets.length, 'secret')}.`))
  if (roles.includes('ingestion'))
    return [refuse('No webhook secret is configured: nothing could be verified.', remedy)]
  const unsigned = roles.includes('processing') && forward.to !== null && forward.secret === null
  return unsigned ? [refuse('No webhook secret is configured: what is forwarded could not be signed.', remedy)] : []
}

const keys = ({ accounts, livemode }: Config): Finding[] =>
  Object.entries(accounts).map(([name, { mode }]) =>
    mode && livemode === 'key'
      ? ok(`Account ${name} works ${mode} events; those of the other mode are recorded only.`)
      : ok(`Account ${name} works events of both modes.`),
  )

function code({ handlers, forward, roles }: Config): Finding[] {
  if (!roles.includes('processing')) return []
  if (handlers && !existsSync(handlers))
    return [refuse(`The handlers' module ${handlers} is not there.`, 'Mend `handlers`, or `--handlers`.')]
  if (handlers) return [ok(`Handlers are in ${handlers}.`)]
  if (forward.to) return [ok(`Events are forwarded to ${new URL(forward.to).host}.`)]
  return [
    warn('There are no handlers, so every event ends as `unhandled`.', 'Run `hookkeeper init`, or `up --forward-to`.'),
  ]
}

const process_ = (running: Running | null) =>
  ok(running ? `It runs (pid ${running.pid}); API at ${running.private}.` : 'It does not run just now.')

async function ports({ ingestion, console, roles }: Config): Promise<Finding[]> {
  const wanted = [
    ...(roles.includes('ingestion') ? [{ ...ingestion, setting: 'PORT' }] : []),
    { ...console, setting: 'CONSOLE_PORT' },
  ]
  return Promise.all(
    wanted.map(async ({ host, port, setting }) => {
      const code = await listenable(host, port)
      if (code === null) return ok(`Port ${port} on ${host} is free.`)
      return refuse(`Port ${port} on ${host} cannot be listened on: ${code}.`, `Stop what has it, or set ${setting}.`)
    }),
  )
}

export function listenable(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name))
    server.listen({ host, port }, () => server.close(() => resolve(null)))
  })
}

async function folder(path: string): Promise<Finding> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await access(dirname(path), constants.W_OK)
    return ok(`The ledger is ${path}${existsSync(path) ? '' : ', to be made'}.`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return refuse(
      `${dirname(path)} cannot be written: ${code}.`,
      'Set DATABASE_URL to a place that this user may write.',
    )
  }
}

const MB = 1_048_576

async function disk(path: string, { ingestion: { diskReserveMb } }: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(existsSync(dirname(path)) ? dirname(path) : '/')
  const freeMb = Math.floor((bavail * bsize) / MB)
  if (freeMb >= diskReserveMb) return ok(`${freeMb} MB of disk are free; ${diskReserveMb} are kept in reserve.`)
  return warn(
    `Only ${freeMb} MB of disk are free, less than the reserve of ${diskReserveMb}: deliveries would get 503.`,
    'Free some, or lower ingestion.diskReserveMb.',
  )
}

/** What the store says of itself, asked through the process that keeps it, if one does. */
async function store(config: Config, context: Context): Promise<readonly Finding[]> {
  try {
    const api = await reach(config, context)
    try {
      return (await api.get<{ store: { findings: Finding[] } }>('/api/v1/status')).store.findings
    } finally {
      await api.close()
    }
  } catch (error) {
    if (!(error instanceof HookkeeperError)) throw error
    return [refuse(error.message, error.remedy)]
  }
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

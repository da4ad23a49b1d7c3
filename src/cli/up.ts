import type { Command } from 'commander'
import { version } from '../cluster/version.ts'
import { type Config, endpoints, reloadSecrets, settings } from '../config.ts'
import { failure } from '../core/errors.ts'
import type { Logger } from '../core/service.ts'
import { brokerName } from '../presets/broker.ts'
import { ledgerName } from '../presets/database.ts'
import { type Common, type Context, command, configOf, settingOption } from './context.ts'
import { createLog, speaksJson } from './log.ts'
import { type Signals, signals } from './signals.ts'
import type { Started } from './start.ts'
import { columns, painter, type Screen } from './terminal.ts'

/** Runs until it is told to stop, then drains. */
export function up(context: Context): Command {
  const verb = command('up', 'Take webhooks and work them')
  for (const { name, flag } of settings()) if (flag && name !== 'databaseUrl') verb.addOption(settingOption(name))
  verb.option('--migrate', 'bring the ledger up to date first, whatever that costs')
  return verb.action(async (options: Common & { migrate?: boolean }) => {
    const given = await configOf(options, context)
    const config = options.migrate ? { ...given, migrate: 'apply' as const } : given
    if (config.roles.includes('ingestion') && endpoints(config.accounts).length === 0) throw failure('secret_missing')
    const heard = signals()
    try {
      await run(config, { screen: context.out, json: options.json ?? false, clock: context.clock }, heard)
    } finally {
      heard.end()
      leave()
    }
  })
}

/** What handlers left open, a pool or a timer, keeps no process that was told to end, or could not start. */
const LEAVE_MS = 1_000
const leave = () => void setTimeout(() => process.exit(), LEAVE_MS).unref()

interface To {
  readonly screen: Screen
  readonly json: boolean
  readonly clock: Context['clock']
}

async function run(config: Config, to: To, heard: Signals): Promise<void> {
  const { level, format } = config.log
  const logTo = { ...to, level, format: to.json ? 'json' : format } as const
  const log = createLog(logTo)
  const { start } = await import('./start.ts')
  const started = await start(config, { log, clock: to.clock })
  try {
    if (speaksJson(logTo)) log.info(described(config, started), 'started')
    else to.screen.write(greeting(config, started, to.screen))
    heard.onReload(() => void reload(config, started, log))
    log.info({ signal: await heard.stop }, 'stopping: no new work, what runs may end')
  } finally {
    await started.stop()
  }
  log.info({}, 'stopped')
}

/** A secret that cannot be read changes nothing: the old ones go on. */
async function reload(config: Config, started: Started, log: Logger): Promise<void> {
  try {
    await started.reload(reloadSecrets(config))
    log.info({}, 'secrets and certificates were read again')
  } catch (error) {
    log.error({ code: (error as { code?: string }).code }, (error as Error).message)
  }
}

const described = (config: Config, started: Started) => ({
  version: version(),
  release: config.release,
  public: started.public && `${started.public}/webhooks/stripe`,
  private: started.private,
  ledger: ledgerName(config.databaseUrl, config.cwd),
  broker: config.broker.url && brokerName(config.broker.url),
  roles: config.roles,
  endpoints: endpoints(config.accounts).map(({ endpoint }) => endpoint),
  handlers: started.handlers,
  forward: config.forward.to,
  config: config.file,
})

function greeting(config: Config, started: Started, { colour }: Screen): string {
  const { public: hook, private: api, broker, ledger, roles, release, handlers, forward } = described(config, started)
  const secrets = endpoints(config.accounts).map(({ endpoint, secrets }) => `${endpoint} (${secrets.length})`)
  const rows: [string, string | null][] = [
    ['webhooks', hook],
    ['private', api],
    ['broker', broker],
    ['ledger', ledger],
    ['roles', roles.join(', ')],
    ['secrets', secrets.join(', ')],
    ['handlers', handlers.join(', ') || null],
    ['forward', forward],
    ['config', config.file],
    ['release', release],
  ]
  const paint = painter(colour)
  const shown = rows.filter((row): row is [string, string] => row[1] !== null && row[1] !== '')
  const table = columns(
    shown.map(([name, value]) => [`  ${name}`, value]),
    (cell, n) => (n === 0 ? paint(cell, 'dim') : cell),
  )
  return `${paint(`Hookkeeper ${version()}`, 'bold')}\n${table}\n`
}

import { type Command, Option } from 'commander'
import type { Dialect } from '../processing/effects.ts'
import { type Common, type Context, command, configOf } from './context.ts'
import { reach } from './reach.ts'

/** Opening a ledger brings it up to date; so does this, without starting anything. */
export const migrate = (context: Context): Command =>
  command('migrate', 'Bring the ledger up to date')
    .addOption(
      new Option('--effects <dialect>', 'print the table that onceIn() needs in your own database instead').choices([
        'postgres',
        'mysql',
        'sqlite',
      ]),
    )
    .action(async (options: Common & { effects?: Dialect }) => {
      const { out } = context
      if (options.effects) {
        const { effectsTable } = await import('../processing/effects.ts')
        const sql = `${effectsTable(options.effects)};`
        return out.write(options.json ? `${JSON.stringify({ dialect: options.effects, sql })}\n` : `${sql}\n`)
      }
      const config = { ...(await configOf(options, context)), migrate: 'apply' as const }
      const api = await reach(config, context)
      await api.close()
      const what =
        api.address === null ? 'is up to date' : `is kept by the process at ${api.address}, which brought it up to date`
      out.write(
        options.json
          ? `${JSON.stringify({ database: config.databaseUrl, ok: true })}\n`
          : `${config.databaseUrl} ${what}\n`,
      )
    })

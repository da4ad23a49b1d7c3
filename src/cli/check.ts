import type { Command } from 'commander'
import { type Config, effective } from '../config.ts'
import type { Finding } from '../store/store.ts'
import { type Common, type Context, command, configOf, settingOption } from './context.ts'
import { findings } from './findings.ts'
import { columns, painter, paintWord, tame } from './terminal.ts'

/** Ends with 2 where `up` would refuse to start, and with 0 otherwise, whatever it warns of. */
export const check = (context: Context): Command =>
  command('check', 'Say whether `up` would start, and what could go wrong')
    .addOption(settingOption('roles'))
    .addOption(settingOption('ingestion.port'))
    .addOption(settingOption('console.port'))
    .addOption(settingOption('broker.requireDurable'))
    .option('--print', 'also the effective settings, secrets masked, and where each comes from')
    .action(async (options: Common & { print?: boolean }) => {
      const config = await configOf(options, context)
      const found = await findings(config, context)
      const ok = !found.some(({ level }) => level === 'refuse')
      context.out.write(
        options.json ? asJson(config, found, { ok, ...options }) : told(config, found, options, context),
      )
      if (!ok) context.exit(2)
    })

function asJson(config: Config, found: readonly Finding[], { ok, print }: { ok: boolean; print?: boolean }): string {
  return `${JSON.stringify({ ok, findings: found, ...(print && { settings: effective(config) }) })}\n`
}

function told(config: Config, found: readonly Finding[], { print }: { print?: boolean }, { out }: Context): string {
  const paint = painter(out.colour)
  const lines = found.map(({ level, what, remedy }) => {
    const mark = paintWord(paint, level, level.padEnd(6))
    return `${mark}  ${tame(what)}${remedy ? `\n        ${paint(tame(remedy), 'dim')}` : ''}`
  })
  return `${print ? `${printed(config)}\n\n` : ''}${lines.join('\n')}\n`
}

const printed = (config: Config) =>
  columns(
    effective(config).map(({ setting, value, from }) => [
      setting,
      typeof value === 'string' ? value : JSON.stringify(value),
      from === 'default' ? '' : from,
    ]),
  )

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { Command, Option } from 'commander'
import { type Config, type Env, loadConfig, settings } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Screen } from './terminal.ts'

/** 0 fine, 1 failed, 2 bad configuration, 3 drift found. */
export type ExitCode = 0 | 1 | 2 | 3

/** What a verb gets of the world. */
export interface Context {
  readonly cwd: string
  readonly env: Env
  /** Results. */
  readonly out: Screen
  /** Everything else, so that a pipe sees results only. */
  readonly err: Screen
  readonly clock: Clock
  /** Aborts at the first Ctrl-C from now on; until somebody asks, Ctrl-C ends the process. */
  interrupted(): AbortSignal
  /** Asks whoever sits at the terminal; null where nobody does. Anything but yes is no. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
  /** How the process will end; 0 unless somebody says otherwise. */
  exit(code: ExitCode): void
}

/** A verb: its flags and what it does, as a command of its own. */
export type Verb = (context: Context) => Command

export interface Common {
  readonly json?: boolean
  readonly config?: string
  readonly envFile?: string
  readonly set?: readonly string[]
  readonly [flag: string]: unknown
}

/** A command with what every verb understands: `--json`, and where the configuration is. */
export function command(name: string, about: string): Command {
  return new Command(name)
    .description(about)
    .option('--json', 'one JSON object a line')
    .option('--config <file>', 'a config file other than hookkeeper.config.*')
    .option('--env-file <file>', 'read variables from it, below those of the environment')
    .option('--set <name=value>', 'any setting of docs/config.md; repeatable', collect)
    .addOption(settingOption('databaseUrl'))
    .showHelpAfterError('(`--help` lists what there is)')
}

/** The flag of a setting. */
export function settingOption(name: string): Option {
  const setting = settings().find((one) => one.name === name)
  if (!setting?.flag) throw new TypeError(`the setting ${name} has no flag`)
  return new Option(setting.flag, setting.about.split('. ')[0]?.replace(/\.$/, ''))
}

/** The configuration as this command line means it. */
export function configOf(options: Common, { cwd, env }: Pick<Context, 'cwd' | 'env'>): Promise<Config> {
  const flags = Object.fromEntries(
    settings()
      .filter(({ flag }) => flag)
      .map(({ name, flag }) => [name, options[new Option(flag ?? '').attributeName()]]),
  )
  const fileEnv = options.envFile === undefined ? {} : readEnv(resolve(cwd, options.envFile))
  const file = options.config ?? null
  return loadConfig({ cwd, env: { ...fileEnv, ...env }, flags: { ...flags, ...pairs(options.set ?? []) }, file })
}

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

function readEnv(file: string): Env {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    throw failure('config_unreadable', { file, what: `--env-file names it: ${(error as NodeJS.ErrnoException).code}` })
  }
}

function pairs(written: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    written.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw failure('config_invalid', { where: '--set', what: `${pair} is not name=value` })
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

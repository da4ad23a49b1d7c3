import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { findFile, loadFile } from './config/file.ts'
import {
  type Env,
  fromEnv,
  fromFlags,
  type Layer,
  merged,
  nearestOrigin,
  originOf,
  type Tree,
} from './config/layers.ts'
import { ephemeralPlatform } from './config/platform.ts'
import { effectiveSettings } from './config/print.ts'
import { parse } from './config/refuse.ts'
import { releaseOf } from './config/release.ts'
import type { ConfigInput, Settings } from './config/schema.ts'
import { checkSecret, endpoints, withFilesRead } from './config/secrets.ts'
import { failure } from './core/errors.ts'

export type { Env } from './config/layers.ts'
export { durationMs } from './config/leaves.ts'
export { configTable } from './config/print.ts'
export { type ConfigInput, ROLES, type Role } from './config/schema.ts'
export { type Account, type Endpoint, endpoints } from './config/secrets.ts'
export { settings } from './config/settings.ts'
export { type VaultPlace, vaultPlace } from './config/vault.ts'

/** What everything is started with. Paths in it are absolute; `release` is never null. */
export interface Config extends Settings {
  readonly release: string
  /** Where files go with the machine: its name, unless `disk` says otherwise. */
  readonly ephemeral: string | null
  /** The configuration file, or null. */
  readonly file: string | null
  /** Where each layer's values came from, and the values before secret files were read. */
  readonly layers: readonly Layer[]
  readonly cwd: string
}

export interface Where {
  readonly cwd?: string
  readonly env?: Env
  /** Values by setting name (`ingestion.port`); undefined ones are not there. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** A config file other than `hookkeeper.config.*` in `cwd`. */
  readonly file?: string | null
}

/** The process's environment: the one place that reads it. */
export const environment = (): Env => process.env

/** Gives a config file its types: `export default defineConfig({ handlers: './src/stripe.ts' })`. */
export const defineConfig = (input: ConfigInput): ConfigInput => input

/** Defaults, below the config file, below the environment, below flags. Rejects with `config_...` or `secret_invalid`, one sentence each. */
export async function loadConfig(where: Where = {}): Promise<Config> {
  const cwd = where.cwd ?? process.cwd()
  const file = findFile(cwd, where.file ?? null)
  const tree = file === null ? {} : await loadFile(file)
  const name = file === null ? '' : relative(cwd, file)
  const layers = [
    { tree, placeOf: () => name },
    fromEnv(where.env ?? environment()),
    fromFlags(where.flags ?? {}),
  ] satisfies Layer[]
  return settled({ layers, cwd, file, ephemeral: ephemeralPlatform(where.env ?? environment()) })
}

/** For code: what it gives goes before the environment, and no file is read. Throws like `loadConfig` rejects. */
export function configure(input: ConfigInput, { cwd = process.cwd(), env = environment() }: Where = {}): Config {
  const given: Layer = { tree: input as Tree, placeOf: (path) => `createCluster({ ${path.join('.')} })` }
  return settled({ layers: [fromEnv(env), given], cwd, file: null, ephemeral: ephemeralPlatform(env) })
}

/** The same configuration with every secret read anew from the file that holds it; for SIGHUP. Throws when one cannot be used. */
export const reloadSecrets = (config: Config): Config => settled(config)

/** The effective settings as `check --print` shows them: secrets masked, each with the place that it came from. */
export const effective = (config: Config) =>
  effectiveSettings(config, ({ path }) => originOf(config.layers, path) ?? 'default')

function settled({ layers, cwd, file, ephemeral }: Pick<Config, 'layers' | 'cwd' | 'file' | 'ephemeral'>): Config {
  const placeOf = (path: readonly string[]) => nearestOrigin(layers, path) ?? path.join('.')
  const written = layers.reduce<Tree>((under, { tree }) => merged(tree, under), {})
  const read = (name: string, path: readonly string[]) => contents(resolve(cwd, name), placeOf(path))
  const given = parse(withFilesRead(written, read) as Tree, placeOf)
  for (const { endpoint, account, secrets } of endpoints(given.accounts)) {
    const where = `${placeOf(['accounts', account, 'webhookSecrets'])} (endpoint ${endpoint})`
    for (const secret of secrets) checkSecret(secret, where)
  }
  return {
    ...given,
    ...paths(given, { layers, cwd, file }),
    release: given.release ?? releaseOf(cwd),
    ephemeral: given.disk === 'durable' ? null : ephemeral,
    layers,
    cwd,
    file,
  }
}

/** Paths count from where they are written: the handlers' in a config file from that file, all others from the working directory. */
function paths({ handlers, tls }: Settings, { layers, cwd, file }: Pick<Config, 'layers' | 'cwd' | 'file'>) {
  const written = file !== null && originOf(layers, ['handlers']) === relative(cwd, file)
  return {
    handlers: handlers && resolve(written ? dirname(file) : cwd, handlers),
    tls: { certFile: tls.certFile && resolve(cwd, tls.certFile), keyFile: tls.keyFile && resolve(cwd, tls.keyFile) },
  }
}

function contents(file: string, place: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const what = `${place} names it, and reading it fails with ${(error as NodeJS.ErrnoException).code}`
    throw failure('config_unreadable', { file, what }, { cause: error })
  }
}

import type { Command } from 'commander'
import { type Context, configOf } from '../../src/cli/context.ts'
import { type Config, type Env, settings } from '../../src/config.ts'

/** What a container's arguments and environment come to, read by the verb that they name. Whatever it does not know is refused. */
export async function configured([verb = '', ...words]: readonly string[], env: Env): Promise<Config> {
  const unknown = Object.keys(env).filter((name) => !variables.has(name))
  const verbs: Record<string, (context: Context) => Command> = await import(`../../src/cli/${verb}.ts`)
  // Its action, which is what needs a world, does not run.
  const command = verbs[verb]!({} as Context)
  const rest = command.parseOptions(words)
  const odd = [...unknown, ...rest.operands, ...rest.unknown]
  if (odd.length > 0) throw new Error(`${verb} knows nothing of ${odd.join(', ')}.`)
  return configOf(command.opts(), { cwd: import.meta.dirname, env })
}

/** Every variable of the environment that configures something. */
export const variables: ReadonlySet<string> = new Set(
  settings().flatMap(({ variables, secret }) =>
    secret ? variables.flatMap((one) => [one, `${one}_FILE`]) : variables,
  ),
)

/** Those that may not be written down anywhere: they hold a secret, or an address in which there may be a password. */
export const secretVariables: ReadonlySet<string> = new Set([
  ...settings().flatMap(({ variables, secret }) => (secret ? variables : [])),
  ...[...variables].filter((name) => /_URLS?$/.test(name)),
])

/** A value of the right kind for a variable whose own is a secret. */
export const sampleOf = (name: string): string => SAMPLES[name] ?? 'sample'

const SAMPLES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://hookkeeper:sample@ledger:5432/hookkeeper',
  STRIPE_WEBHOOK_SECRET: 'whsec_sample',
  STRIPE_SECRET_KEY: 'rk_live_sample',
  BROKER_URL: 'redis://:sample@broker:6379?stream=stripe',
  LOCK_URLS: 'redis://one:6379,redis://two:6379,redis://three:6379',
}

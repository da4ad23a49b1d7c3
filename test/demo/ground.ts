import { join } from 'node:path'
import type { Context } from '../../src/cli/context.ts'
import type { Topology } from '../../src/cli/demo/perform.ts'
import { Place } from '../services/place.ts'
import { type Recipe, wayTo } from '../services/recipe.ts'

/** What a topology stands on, and how to leave a service that goes on without us as it was. */
export interface Ground extends Topology {
  /** Nothing to do where the service ends with us. */
  readonly leave?: () => Promise<void>
}

/** Gets a service by its recipe: one that runs, else one that is started. */
export type Get = <V>(name: string, recipe: Recipe<V>) => Promise<{ service: V; ours: boolean }>

interface How {
  readonly installs: boolean
  /** With a disk before the broker. */
  readonly spool: boolean
  readonly context: Context
}

/** Starts what is asked for, runs `work` on it, and ends it again, whoever presses Ctrl-C meanwhile. */
export async function on(
  build: (get: Get) => Promise<Ground>,
  { installs, spool, context }: How,
  work: (ground: Ground) => Promise<void>,
): Promise<void> {
  const place = new Place('demo', { apart: true })
  const interrupted = new Promise<null>((resolve) => {
    context.interrupted().addEventListener('abort', () => resolve(null), { once: true })
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(null))
  })
  try {
    const ground = await Promise.race([build(getter(place, { installs, context })), interrupted])
    if (!ground) return
    const settings = spool
      ? { ...ground.settings, 'broker.spool': join(await place.folder(), 'spool') }
      : ground.settings
    await work({ ...ground, settings }).finally(() => leave(ground, context))
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    context.err.write(`${error.message}\n`)
    context.exit(2)
  } finally {
    await place.end()
  }
}

/** One that has gone away meanwhile has taken it along, or keeps it: the name tells whose it is. */
const leave = (ground: Ground, { err }: Context) =>
  ground
    .leave?.()
    .catch((error: Error) => err.write(`what the demo made there could not be removed: ${error.message}\n`))

class Missing extends Error {}

function getter(place: Place, { installs, context }: Omit<How, 'spool'>): Get {
  return async (name, recipe) => {
    const given = context.env[recipe.env]
    const way = wayTo(name, recipe, {
      given: given !== undefined,
      present: given === undefined && (await recipe.present()),
      ci: context.env['CI'] === 'true',
      // What npm brings is a matter of seconds, and goes with the clone.
      installs: installs || recipe.from === 'npm',
    })
    if (way.kind === 'skip')
      throw new Missing(
        `${name} is missing: --install-services gets it from ${recipe.from}, or let ${recipe.env} name one that runs.`,
      )
    if (way.kind === 'connect') return { service: await recipe.connect(given ?? '', place), ours: false }
    if (way.kind === 'install') {
      context.err.write(`${name} is got from ${recipe.from}, once\n`)
      await recipe.install()
    }
    return { service: await recipe.start(place), ours: true }
  }
}

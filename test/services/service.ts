import { after } from 'node:test'
import { Place } from './place.ts'

/** How a service that tests need is found, installed and started. */
export interface Recipe<V> {
  /** What is needed to get it. What npm brings starts by itself; the rest is installed only where that was asked for. */
  readonly from: 'npm' | 'apt' | 'maven' | 'go'
  /** The variable that may name one that runs already (or, for a tool, its path). It wins over starting one. */
  readonly env: `TEST_${string}`
  present(): Promise<boolean>
  install(): Promise<void>
  connect(value: string, place: Place): Promise<V>
  /** Starts one on loopback, with its data in `place.folder`, by `place.spawn`. */
  start(place: Place): Promise<V>
}

export interface Service<V> {
  readonly name: string
  /** For `test(name, { skip: service.skip }, ...)`: false, or why there is none. */
  readonly skip: string | false
  /** The running service; it is started at the first call and ended with this test file. */
  ready(): Promise<V>
}

/**
 * A real service for the test file that awaits it. Under `CI=true` a service that cannot be had is a failure, elsewhere a named skip.
 * What was started is ended by its process id, and its folder removed.
 */
export async function service<V>(name: string, recipe: Recipe<V>): Promise<Service<V>> {
  const given = process.env[recipe.env]
  const way = wayTo(name, recipe, {
    given: given !== undefined,
    present: given === undefined && (await recipe.present()),
    ci: process.env['CI'] === 'true',
    installs: process.env['TEST_INSTALL_SERVICES'] === '1',
  })
  if (way.kind === 'install') await recipe.install()

  const place = new Place(name)
  after(() => place.end())
  let running: Promise<V> | undefined
  const begin = () => (given === undefined ? recipe.start(place) : recipe.connect(given, place))
  return { name, skip: way.kind === 'skip' ? way.why : false, ready: () => (running ??= begin()) }
}

export type Way = { kind: 'connect' | 'start' | 'install' } | { kind: 'skip'; why: string }

/** What is done to get a service, from what is known about it. */
export function wayTo(
  name: string,
  { from, env }: Pick<Recipe<unknown>, 'from' | 'env'>,
  known: { given: boolean; present: boolean; ci: boolean; installs: boolean },
): Way {
  if (known.given) return { kind: 'connect' }
  if (known.present) return { kind: 'start' }
  if (known.ci || known.installs) return { kind: 'install' }
  return { kind: 'skip', why: `${name} is missing: npm test -- --install-services gets it from ${from}, or set ${env}` }
}

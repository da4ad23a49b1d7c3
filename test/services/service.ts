import { after } from 'node:test'
import { Place } from './place.ts'
import { type Recipe, wayTo } from './recipe.ts'

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

import type { Place } from './place.ts'

/** How a service that tests or benches need is found, installed and started. */
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

import type { Handles } from '../store/store.ts'
import type { Alive } from '../store/workers.ts'

/** What a worker may lease, given who else lives. */
export interface Share {
  /** Its own handlers, and those it lacks without room: a type that somebody else handles more fully is left to them. */
  readonly handles: readonly Handles[]
  /** Types that nobody handles are this worker's to settle `unhandled`. */
  readonly unhandled: boolean
}

/**
 * A worker takes an event only with every handler that live workers declare for its type, so that in a rolling restart that adds
 * a handler no event of its type is done without it. What nobody handles is for the newest release: an older one may lack its handler.
 */
export function shareOf(
  me: { name: string; release: string; handles: readonly Handles[] },
  live: readonly Alive[],
): Share {
  const others = live.filter(({ name }) => name !== me.name)
  const lacked = others
    .flatMap(({ handles }) => handles)
    .filter((theirs) => !me.handles.some((mine) => covers(mine, theirs)))
  const foreign = lacked.map(({ name, pattern }) => ({ ...NOT_OURS, pattern, name: `elsewhere: ${name}` }))
  const newest = newestOf(live)
  return {
    handles: [...me.handles, ...foreign],
    unhandled: newest === null || newest === me.release,
  }
}

/** No room is what keeps a type from being leased. */
const NOT_OURS = { leaseMs: 0, room: 0, strict: false }

/** Whatever their pattern takes, ours of that name takes too. */
const covers = (mine: Pick<Handles, 'name' | 'pattern'>, theirs: Pick<Handles, 'name' | 'pattern'>): boolean =>
  mine.name === theirs.name && (mine.pattern === theirs.pattern || within(theirs.pattern, mine.pattern))

/** `invoice.paid` and `invoice.payment.*` are within `invoice.*`; everything is within `*`. */
const within = (pattern: string, wide: string): boolean =>
  wide === '*' || (wide.endsWith('.*') && pattern.startsWith(wide.slice(0, -1)))

/** The release that came last. One of its workers that is started again does not make an old release new: its first one counts. */
function newestOf(live: readonly Alive[]): string | null {
  const firstAt = new Map<string, number>()
  for (const { release, startedAt } of live)
    firstAt.set(release, Math.min(startedAt, firstAt.get(release) ?? Number.POSITIVE_INFINITY))
  return (
    [...firstAt].reduce<[string, number] | null>((best, one) => (best && best[1] >= one[1] ? best : one), null)?.[0] ??
    null
  )
}

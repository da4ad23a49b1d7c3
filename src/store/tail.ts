import type { Ref } from './store.ts'
import type { Row } from './transitions.ts'

/** An event among those of its object, newest first: in the order in which their lane works them, backwards. */
export interface InTail {
  readonly ref: Ref
  readonly row: Pick<Row, 'state' | 'fence' | 'reason'>
  /** The query has it. */
  readonly selected: boolean
  hasBody(): boolean
}

/**
 * Which events that a query selects may be worked again without their object going back in time: the newest, down to the first
 * that a newer one has superseded.
 */
export function tailOf(newestFirst: Iterable<InTail>): Set<Ref> {
  const tail = new Set<Ref>()
  // The fence of the last newer event that stays as it is: what was leased before it has been overwritten by it.
  let overwritten = -1
  for (const { ref, row, selected, hasBody } of newestFirst) {
    const again = row.fence > overwritten && selected
    if (again) tail.add(ref)
    // What has no body any more cannot be worked again: it stays as well.
    const stays = !again || !hasBody()
    if (row.state === 'running') overwritten = Number.POSITIVE_INFINITY
    else if (stays && row.reason === 'worked') overwritten = Math.max(overwritten, row.fence)
  }
  return tail
}

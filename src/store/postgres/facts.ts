import type { Event } from '../../core/event.ts'
import { positionOf } from '../place.ts'
import type { Ref } from '../store.ts'
import { mayBeTwin, type Sibling, twinAmong } from '../twins.ts'
import type { Newcomer } from './admit.ts'
import type { Book } from './book.ts'
import type { Sql } from './driver.ts'
import { standingsOf } from './partitions.ts'
import type { Recent } from './recent.ts'
import { eventOf, type Known, readKnown, receivedAt } from './rows.ts'
import { familyOf } from './siblings.ts'

/** What a worker is told of an event beside its attempt. */
export interface Facts {
  readonly event: Event
  readonly lane: string
  readonly receivedAt: number
  readonly twinOf: string | null
  /** A newer event of its object is done. */
  readonly stale: boolean
}

interface Wanted {
  readonly book: Book
  readonly recent: Recent
  readonly refs: readonly Ref[]
}

/** From memory where an event has just been admitted and is the first of its object, else from the tables. */
export async function factsOf(sql: Sql, { book, recent, refs }: Wanted): Promise<Map<Ref, Facts>> {
  const facts = new Map<Ref, Facts>()
  const read: Ref[] = []
  for (const ref of refs) {
    const newcomer = recent.take(ref)
    if (newcomer?.first && !book.passed && book.seen(ref) === null) facts.set(ref, ofNewcomer(newcomer))
    else read.push(ref)
  }
  if (read.length === 0) return facts
  const { known, siblings } = await familyOf(sql, read)
  const bodies = await bodiesOf(sql, known, siblings)
  for (const one of known) {
    const body = one.rev === null ? null : (one.body ?? (await bodyAgain(sql, one)))
    if (!body) continue
    const others = (siblings.get(`${one.tenant} ${one.object}`) ?? []).filter(({ ref }) => ref !== one.ref)
    facts.set(one.ref, {
      ...{ event: eventOf(one, body), lane: one.lane, receivedAt: receivedAt(one) },
      twinOf: twinOf(one, others, bodies),
      stale: others.some((other) => isDone(other) && positionOf(other) > positionOf(one)),
    })
  }
  return facts
}

/**
 * A body that is missing is an empty one: its event dies of it, and no other. Null while retention has its day out of the tables:
 * whoever owns the event hears of it again when the day is put back, which may have been since we read.
 */
async function bodyAgain(sql: Sql, { ref, place }: Known): Promise<Uint8Array | null> {
  const standing = (await standingsOf(sql.again, place.day)).get('bodies')
  if (standing === 'leaving' || standing === 'out') return null
  const [again] = await readKnown(sql.again, [ref], { bodies: true })
  return again?.body ?? NOTHING
}

const NOTHING = new Uint8Array(0)

const ofNewcomer = ({ event, lane, arrived }: Newcomer): Facts => ({
  event,
  lane,
  receivedAt: receivedAt({ arrived }),
  twinOf: null,
  stale: false,
})

const isDone = ({ live: { row } }: Known): boolean => row.state === 'done' && row.reason === 'worked'

function twinOf(self: Known, others: readonly Known[], bodies: ReadonlyMap<Ref, Uint8Array>): string | null {
  const all = others.map(siblingOf)
  return twinAmong(siblingOf(self), all, ({ ref }) => bodies.get(ref) ?? null)?.id ?? null
}

/** Bodies are compared only of what may be a twin. */
async function bodiesOf(sql: Sql, known: readonly Known[], siblings: ReadonlyMap<string, readonly Known[]>) {
  const near = known.flatMap((one) =>
    (siblings.get(`${one.tenant} ${one.object}`) ?? []).filter(
      (other) => other.ref !== one.ref && mayBeTwin(siblingOf(one), siblingOf(other)),
    ),
  )
  const read = await readKnown(sql.again, [...new Set(near.map(({ ref }) => ref))], { bodies: true })
  return new Map([...known, ...read].flatMap(({ ref, body }) => (body ? [[ref, body] as const] : [])))
}

const siblingOf = ({ ref, id, type, createdAt, rank, arrived, live }: Known): Sibling & { ref: Ref } => ({
  ...{ ref, id, type, createdAt, rank, arrival: arrived, twin: live.twin },
  ...{ state: live.row.state, reason: live.row.reason },
})

import type { Envelope } from '../../core/event.ts'
import { stateCode, viaCode } from '../codes.ts'
import { tooFarAway } from '../created.ts'
import { hash53 } from '../hash.ts'
import { positionOf, urgencyCode } from '../place.ts'
import type { Admitted } from '../store.ts'
import { fresh } from '../transitions.ts'
import type { Place } from './arrivals/place.ts'
import type { Book } from './book.ts'
import { keysOf } from './keys.ts'
import { heldBack } from './restore.ts'

/** Records events: id, body, row, place in the lane. One after another, so a repeat within the batch is a repeat too. */
export const admit = (book: Book, events: readonly Envelope[]): Admitted[] =>
  events.map((event) => admitOne(book, event, { receivedAt: book.now(), place: null }))

interface Arrival {
  readonly receivedAt: number
  /** Where its body lies already; null: it is to be kept. */
  readonly place: Place | null
}

export function admitOne(book: Book, arrived: Envelope, { receivedAt, place }: Arrival): Admitted {
  const now = book.now()
  const event = heldBack(book, arrived)
  if (tooFarAway(event, now)) return 'refused'
  const tenant = book.tenants.id(event.tenant)
  if (book.seen.has(event.id, tenant)) return 'repeat'
  const seq = ++book.seq
  // Later events are never received earlier: that is how a search by time knows where to end.
  book.receivedAt = Math.max(book.receivedAt, Math.min(receivedAt, now))
  const at = { seq, tenant, now: book.receivedAt, place }
  if (place === null) book.bodies.keep(seq, event.body)
  else book.bodies.lies(seq, place)
  const before = event.object
    ? book.objects.seen(event.object, tenant, { seq, lane: event.lane, createdAt: event.createdAt })
    : { lane: event.lane, prior: 0, near: false }
  insertEvent(book, event, { ...at, ...before })
  book.seen.add(event.id, tenant, seq)
  book.projection.admitted(seq, at.now, keysOf(event, before.lane))
  if (event.as === 'record') return 'new'
  if (event.as === 'work' && soon(book))
    book.recent.add(seq, { event, lane: before.lane, receivedAt: at.now, near: before.near, place })
  enter(book, event, { ...at, lane: before.lane })
  return 'new'
}

interface At {
  readonly seq: number
  readonly tenant: number
  readonly now: number
  readonly lane: string
}

function insertEvent(book: Book, event: Envelope, at: At & { prior: number; place: Place | null }): void {
  const recorded = event.as === 'record'
  book.sql.event.run(
    at.seq,
    event.id,
    book.names.id(event.type),
    at.tenant,
    event.apiVersion === null ? null : book.names.id(event.apiVersion),
    book.names.id(event.endpoint),
    viaCode(event.via),
    event.createdAt,
    at.now,
    at.lane,
    event.object,
    event.customer,
    event.rank,
    urgencyCode(event.urgency),
    at.prior,
    stateCode(recorded ? 'done' : 'waiting'),
    event.as === 'hold' ? 1 : 0,
    fresh(at.now).dueAt,
    recorded ? at.now : null,
    recorded ? book.names.id('recorded') : null,
    at.place,
  )
}

/** Behind so many others an event is worked so late that keeping it in memory would cost more than reading it back. */
const SOON = 4096

const soon = (book: Book): boolean => book.lanes.counts.ready < SOON

/** Into its lane. */
function enter(book: Book, event: Envelope, at: At): void {
  const waiting = {
    ref: at.seq,
    lane: hash53(at.lane),
    tenant: at.tenant,
    type: book.names.id(event.type),
    urgency: urgencyCode(event.urgency),
    position: positionOf(event),
    dueAt: at.now,
    alone: false,
    blocks: false,
    held: event.as === 'hold',
  }
  book.lanes.add(waiting, book.now())
}

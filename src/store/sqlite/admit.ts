import type { Envelope } from '../../core/event.ts'
import { stateCode, viaCode } from '../codes.ts'
import { hash53 } from '../hash.ts'
import { positionOf, urgencyCode } from '../place.ts'
import type { Admitted } from '../store.ts'
import { fresh } from '../transitions.ts'
import type { Book } from './book.ts'
import { keysOf } from './keys.ts'

const DAY_MS = 86_400_000
/** Stripe lists events for 30 days; what claims to be further away than this is no event of Stripe's. */
const CREATED_WITHIN_MS = 400 * DAY_MS

/** Records events: id, body, row, place in the lane. One after another, so a repeat within the batch is a repeat too. */
export const admit = (book: Book, events: readonly Envelope[]): Admitted[] =>
  events.map((event) => admitOne(book, event))

function admitOne(book: Book, event: Envelope): Admitted {
  const now = book.now()
  if (Math.abs(event.createdAt - now) > CREATED_WITHIN_MS) return 'refused'
  const tenant = book.tenants.id(event.tenant)
  if (book.seen.has(event.id, tenant)) return 'repeat'
  const seq = ++book.seq
  book.seen.add(event.id, tenant, seq)
  book.sql.body.run(seq, event.body)
  const before = event.object
    ? book.objects.seen(event.object, tenant, { seq, lane: event.lane, createdAt: event.createdAt })
    : { lane: event.lane, prior: 0, near: false }
  insertEvent(book, event, { seq, tenant, now, lane: before.lane, prior: before.prior })
  book.projection.admitted(seq, now, keysOf(event, before.lane))
  if (event.as === 'record') return 'new'
  if (event.as === 'work') book.recent.add(seq, { event, lane: before.lane, receivedAt: now, near: before.near })
  place(book, event, { seq, tenant, now, lane: before.lane })
  return 'new'
}

function insertEvent(
  book: Book,
  event: Envelope,
  at: { seq: number; tenant: number; now: number; lane: string; prior: number },
): void {
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
  )
}

function place(book: Book, event: Envelope, at: { seq: number; tenant: number; now: number; lane: string }): void {
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
  book.lanes.add(waiting, at.now)
}

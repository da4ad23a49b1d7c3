import { KIND } from '../codes.ts'
import { hash53 } from '../hash.ts'
import { positionOf } from '../place.ts'
import { Plan } from '../plan.ts'
import type { Slot } from '../scheduler.ts'
import type { Ref, Want, Work } from '../store.ts'
import { expire, fresh, lease as leased } from '../transitions.ts'
import type { Place } from './arrivals/place.ts'
import { type Book, nextFence, type Running, type Touched } from './book.ts'
import { log } from './log.ts'
import type { Fresh } from './recent.ts'
import { eventOf, latest, latestOf, readRow } from './rows.ts'
import { twinOf } from './twins.ts'

/** Work on its way out. Where `place` is given its event has no body: whoever took it has it there. */
export type Leasing = Work & { readonly place?: Place; readonly held?: boolean }

/** Leases heads of free lanes to a worker. Each lease is in the log before the work leaves. */
export function lease(book: Book, want: Want): Leasing[] {
  book.recent.want()
  const worker = book.workers.get(want.worker)
  if (worker?.alone) return []
  const plan = new Plan(book.names, want, worker === undefined, book.now())
  return book.lanes.take(plan).map((slot) => leaseOne(book, slot, want, plan))
}

function leaseOne(book: Book, slot: Slot, want: Want, plan: Plan): Leasing {
  const ref = book.lanes.ref(slot)
  const { touched, load } = facts(book, ref)
  const fence = nextFence(book)
  const row = leased(touched.row, { fence, now: plan.now, leaseMs: plan.leaseMs(load.type), laneBusy: false })
  if (!row)
    throw new Error(`the scheduler offered event ${ref}, which cannot be leased: ${JSON.stringify(touched.row)}`)
  touched.row = row
  touched.release = book.names.id(want.release)
  book.stretches.note(ref, touched.release)
  touched.twin = load.near ? twinOf(book, ref) : null
  touched.strict = plan.strict(load.type)
  start(book, ref, { slot, worker: want.worker, strict: touched.strict, ...load, alone: row.lost > 0 })
  const by = { worker: book.names.id(want.worker), release: touched.release }
  const data = touched.strict ? JSON.stringify({ strict: true }) : undefined
  const line = { at: plan.now, fence, attempt: row.attempts, due: row.leaseEndsAt, ...by, data }
  log(book, { ref, touched }, KIND.lease, line)
  return {
    ref,
    fence,
    event: load.event,
    ...(load.place !== null && { place: load.place, held: load.held }),
    lane: load.lane,
    attempt: row.attempts,
    lost: row.lost,
    waitedMs: plan.now - load.receivedAt,
    laterMs: row.laterAt ? plan.now - row.laterAt : null,
    twinOf: touched.twin,
    stale: isStale(book, load),
    remembered: { ...touched.memory },
  }
}

/** Takes back what nobody settled in time; the events are leased again, alone. */
export function expireLeases(book: Book): number {
  const now = book.now()
  let expired = 0
  for (const [ref, running] of book.running) {
    const touched = latest(book, ref)!
    const row = expire(touched.row, now)
    if (!row) continue
    touched.row = row
    const later = row.laterAt || undefined
    log(book, { ref, touched }, KIND.lost, {
      at: now,
      fence: row.fence,
      attempt: row.attempts,
      lost: row.lost,
      due: row.dueAt,
      later,
    })
    stop(book, ref)
    book.lanes.again(running.slot, { dueAt: row.dueAt, alone: true, blocks: false }, now)
    expired++
  }
  return expired
}

/** Notes a lease that somebody holds from now on. */
export function start(
  book: Book,
  ref: Ref,
  lease: Omit<Running, 'object' | 'laneKey'> & { event: { object: string | null }; lane: string; alone: boolean },
): void {
  const { slot, worker, type, strict, tenant, position } = lease
  book.running.set(ref, {
    slot,
    worker,
    type,
    strict,
    tenant,
    position,
    laneKey: hash53(lease.lane),
    object: lease.event.object,
  })
  const holder = workerOf(book, worker)
  holder.running++
  if (lease.alone) holder.alone = true
}

/** The lease is over, however it ended. */
export function stop(book: Book, ref: number): void {
  const running = book.running.get(ref)!
  book.running.delete(ref)
  const worker = workerOf(book, running.worker)
  worker.running--
  worker.alone = false
  if (worker.running === 0) book.workers.delete(running.worker)
}

/** Only whoever holds a lease is known: names come and go. */
function workerOf(book: Book, name: string): { running: number; alone: boolean } {
  const known = book.workers.get(name)
  if (known) return known
  const worker = { running: 0, alone: false }
  book.workers.set(name, worker)
  return worker
}

interface Load {
  readonly event: Fresh['event'] | ReturnType<typeof eventOf>
  readonly type: number
  readonly tenant: number
  readonly lane: string
  readonly receivedAt: number
  readonly position: number
  readonly near: boolean
  /** Where the body lies, and then the event has none. */
  readonly place: Place | null
  /** It is in the memory of whoever took it as well. */
  readonly held: boolean
}

function facts(book: Book, ref: number): { touched: Touched; load: Load } {
  const recent = book.recent.take(ref)
  return recent ? fromMemory(book, ref, recent) : fromTables(book, ref)
}

function fromMemory(
  book: Book,
  ref: number,
  { event, lane, receivedAt, near, place }: Fresh,
): { touched: Touched; load: Load } {
  const touched = book.touched.get(ref) ?? {
    row: fresh(receivedAt),
    held: false,
    strict: false,
    endedAt: null,
    reasonId: null,
    release: null,
    twin: null,
    last: null,
    memory: {},
  }
  const lies = book.bodies.inSegment(place)
  const load = {
    event: lies || place === null ? event : { ...event, body: bodyOf(book, ref, place) },
    place: lies ? place : null,
    held: book.bodies.held(place),
    type: book.names.id(event.type),
    tenant: book.tenants.id(event.tenant),
    lane,
    receivedAt,
    position: positionOf(event),
    near,
  }
  return { touched, load }
}

function fromTables(book: Book, ref: number): { touched: Touched; load: Load } {
  const row = readRow(book, ref)
  if (!row) throw new Error(`event ${ref} waits but its row is missing`)
  const lies = book.bodies.inSegment(row.place)
  const load = {
    event: eventOf(book, row, lies ? NOTHING : bodyOf(book, ref, row.place)),
    place: lies ? row.place : null,
    held: book.bodies.held(row.place),
    type: row.type,
    tenant: row.tenant,
    lane: row.lane,
    receivedAt: row.received,
    position: positionOf({ createdAt: row.created, rank: row.rank }),
    near: row.prior > 0,
  }
  return { touched: latestOf(book, row), load }
}

const NOTHING = new Uint8Array(0)

/** A body that is missing or damaged is an empty one: its event dies of it, and no other. */
const bodyOf = (book: Book, ref: number, place: Place | null): Uint8Array => book.bodies.read(ref, place) ?? NOTHING

function isStale(book: Book, load: Load): boolean {
  if (!load.event.object) return false
  return (book.objects.find(load.event.object, load.tenant)?.donePosition ?? -1) > load.position
}

import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../core/clock.ts'
import { releaseMemory } from '../../core/memory.ts'
import { Lanes } from '../lanes.ts'
import { migrateSqlite } from '../migrate.ts'
import { Arrivals } from './arrivals/arrivals.ts'
import { Progress } from './arrivals/progress.ts'
import type { Report } from './arrive.ts'
import { backup } from './backup.ts'
import { connect, own } from './connection.ts'
import { type Freight, load, type Parcel, unload } from './freight.ts'
import type { Leasing } from './lease.ts'
import type { Retention } from './retention.ts'
import { syncLog } from './sync.ts'
import type { Transacted } from './transacted.ts'
import { type Answer, type Call, type FromWriter, type ToWriter, toWire } from './wire.ts'
import { toWorkRow } from './works.ts'
import { Writer } from './writer.ts'

/** The writer's thread: the ledger syncs the disk here, so that the thread which answers Stripe never waits for it. */
const port = parentPort as MessagePort
const { path, retention, words } = workerData as { path: string; retention: Retention; words: SharedArrayBuffer }

const send = (message: FromWriter, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
const logger = (level: 'info' | 'warn' | 'error') => (fields: object, message: string) =>
  send({ kind: 'log', level, fields, message })
const log = { debug() {}, info: logger('info'), warn: logger('warn'), error: logger('error') }

let outbox: Answer[] = []
let report: Report | null = null
let flushing = false

try {
  const owner = own(path)
  const db = connect(path, { checkpoints: true, syncs: 'apart' })
  migrateSqlite(db, path)
  const arrivals = new Arrivals(path, new Progress(words), log)
  const writer = new Writer(db, {
    clock: systemClock,
    log,
    retention,
    scheduler: () => new Lanes(),
    soon: setImmediate,
    sync: syncLog(path),
    arrivals,
    arrived: hear,
    failing: (error) => send({ kind: 'failing', error: error && toWire(error) }),
  })
  writer.catchUp()
  port.on('message', (message: ToWriter) => {
    if (message.kind === 'calls')
      for (const { id, name, args } of callsOf(message.freight)) answer(id, writer.call(name, args))
    else if (message.kind === 'come') writer.come()
    else if (message.kind === 'cancel') writer.cancelLease(message.id)
    else if (message.kind === 'resume') writer.resume(message.transacted as readonly Transacted[])
    else if (message.kind === 'backup') {
      answer(
        message.id,
        // With all that had arrived when it was asked for.
        writer
          .call('backlog', [])
          .then(() => backup(db, path, message.path, (share) => send({ kind: 'progress', id: message.id, share }))),
      )
    } else {
      writer.close()
      owner.release()
      // What the last round answered is on its way through the microtasks: it goes out first.
      setImmediate(() => {
        send({ kind: 'closed' })
        port.close()
      })
    }
  })
  releaseMemory()
  send({ kind: 'ready', segment: arrivals.following })
} catch (error) {
  send({ kind: 'refused', error: toWire(error) })
}

const callsOf = (freight: Freight): Call[] => unload(freight).items as Call[]

function answer(id: number, promise: Promise<unknown>): void {
  promise.then(
    (value) => post({ id, value }),
    (error) => post({ id, error: toWire(error) }),
  )
}

function post(one: Answer): void {
  outbox.push(one)
  flushSoon()
}

/** Of one round. */
function hear(arrived: Report): void {
  if (report) flush()
  report = arrived
  flushSoon()
}

/** What one round has to say goes out as one message. */
function flushSoon(): void {
  if (flushing) return
  flushing = true
  queueMicrotask(() => queueMicrotask(flush))
}

function flush(): void {
  flushing = false
  if (outbox.length === 0 && !report) return
  const freight = load(outbox.map(parcelOf))
  send({ kind: 'answers', freight, report }, [freight.bodies])
  outbox = []
  report = null
}

function parcelOf(item: Answer): Parcel {
  if (hasBytes(item.value)) return { item, bodies: [], clone: true }
  if (!isWork(item.value)) return { item, bodies: [] }
  const bodies = item.value.filter(({ place }) => place === undefined).map(({ event }) => event.body)
  return { item: { id: item.id, value: item.value.map(toWorkRow), work: true }, bodies }
}

/** A story with its body, or strays. */
function hasBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if ('timeline' in value) return true
  return 'data' in value && Array.isArray(value.data) && value.data.some((one: object) => 'bytes' in one)
}

function isWork(value: unknown): value is Leasing[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    typeof value[0] === 'object' &&
    value[0] !== null &&
    'twinOf' in value[0] &&
    'fence' in value[0] &&
    'event' in value[0]
  )
}

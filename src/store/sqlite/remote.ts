import { Worker } from 'node:worker_threads'
import type { Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import type { Logger } from '../../core/service.ts'
import { tooFarAway } from '../created.ts'
import type { Admitted, Receipt, Want } from '../store.ts'
import { Door } from './arrivals/door.ts'
import { Progress } from './arrivals/progress.ts'
import { abortable, type Caller } from './caller.ts'
import { type Freight, load, type Parcel, unload } from './freight.ts'
import type { Retention } from './retention.ts'
import type { Transacted } from './transacted.ts'
import { type Answer, type Call, type FromWriter, fromWire, type ToWriter, toWire } from './wire.ts'
import { fromWorkRow, type WorkRow } from './works.ts'

interface Waiter {
  resolve(value: unknown): void
  reject(error: unknown): void
  progress?: (share: number) => void
}

/** The writer in a thread of its own. Resolves once the ledger is loaded; rejects with why it cannot be. */
export async function remoteCaller(path: string, { retention, clock, log }: RemoteOptions): Promise<Caller> {
  // The same file as source and as published: whichever of the two this is.
  const file = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
  const progress = new Progress()
  const worker = new Worker(file, { workerData: { path, retention, words: progress.buffer }, resourceLimits: YOUNG })
  const caller = new RemoteCaller(
    worker,
    clock,
    log,
    (first, rouse) => new Door({ ledger: path, progress, clock, first, rouse }),
  )
  await caller.ready
  return caller
}

interface RemoteOptions {
  readonly retention: Retention
  readonly clock: Clock
  readonly log: Logger
}

// What a round allocates dies with it: a small nursery is emptied in microseconds, and the default one would keep 48 MB.
const YOUNG = { maxYoungGenerationSizeMb: 16 }

class RemoteCaller implements Caller {
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #log: Logger
  #door: Door | null = null
  readonly #waiting = new Map<number, Waiter>()
  /** Whoever waits for what became of events that are on the disk. */
  readonly #admitting = new Set<(error: Error) => void>()
  /** Why the ledger cannot be written just now. */
  #failing: Error | null = null
  #outbox: Call[] = []
  #ids = 0
  #over: Error | null = null
  #closed: Promise<void> | null = null

  constructor(worker: Worker, clock: Clock, log: Logger, door: (first: number, rouse: () => void) => Door) {
    this.#worker = worker
    this.#clock = clock
    this.#log = log
    this.ready = new Promise((resolve, reject) => {
      worker.on('message', (message: FromWriter) => {
        if (message.kind === 'ready') {
          this.#door = door(message.segment, () => this.#tell({ kind: 'come' }))
          resolve()
        } else if (message.kind === 'refused') this.#end(fromWire(message.error), reject)
        else this.#hear(message)
      })
      worker.on('error', (error) => this.#end(error, reject))
      worker.on('exit', () => this.#end(failure('store_closed'), reject))
    })
  }

  call(name: string, args: readonly unknown[]): Promise<unknown> {
    if (name === 'admit') return this.#admit(args[0] as readonly Envelope[])
    return this.#ask((id) => this.#post({ id, name, args }))
  }

  async accept(events: readonly Envelope[]): Promise<Receipt> {
    if (this.#over) throw this.#over
    if (this.#closed) throw failure('store_closed')
    return this.#door!.bring(events)
  }

  lease(want: Want, signal?: AbortSignal): Promise<unknown> {
    this.#door!.want()
    let id = 0
    const answer = this.#ask((call) => {
      id = call
      this.#post({ id, name: 'lease', args: [want, id] })
    })
    return abortable(answer, signal, () => {
      this.#flush()
      this.#tell({ kind: 'cancel', id })
    })
  }

  resume(transacted: readonly Transacted[]): void {
    this.#tell({ kind: 'resume', transacted })
  }

  backup(path: string, progress: (share: number) => void): Promise<number> {
    return this.#ask((id) => {
      this.#waiting.get(id)!.progress = progress
      this.#tell({ kind: 'backup', id, path })
    }) as Promise<number>
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#over) return resolve()
      this.#flush()
      this.#worker.once('exit', () => resolve())
      void this.#door!.shut().then(() => this.#tell({ kind: 'close' }))
    })
    return this.#closed
  }

  /** What the ledger refuses is not even written, and nothing is while nobody could say what becomes of it. */
  async #admit(events: readonly Envelope[]): Promise<readonly Admitted[]> {
    if (this.#failing) throw this.#failing
    const now = this.#clock.now()
    const near = events.filter((event) => !tooFarAway(event, now))
    const receipt = await this.accept(near)
    this.#door!.hurry()
    const admitted = [...(await this.#unlessFailed(receipt.admitted))]
    return events.map((event) => (tooFarAway(event, now) ? 'refused' : admitted.shift()!))
  }

  /** Rejects when the writer fails meanwhile. They are safe, and what comes again is a repeat. */
  #unlessFailed(admitted: Receipt['admitted']): Receipt['admitted'] {
    return new Promise((resolve, reject) => {
      this.#admitting.add(reject)
      admitted.then(resolve, reject).finally(() => this.#admitting.delete(reject))
    })
  }

  #ask(post: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over)
      const id = ++this.#ids
      this.#waiting.set(id, { resolve, reject })
      post(id)
    })
  }

  /** What one turn of the event loop asks goes out as one message: what arrives together is committed together. */
  #post(call: Call): void {
    if (this.#outbox.push(call) === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const calls = this.#outbox
    if (calls.length === 0) return
    this.#outbox = []
    const freight = load(calls.map(parcelOf))
    this.#tell({ kind: 'calls', freight }, [freight.bodies])
  }

  #tell(message: ToWriter, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #hear(message: FromWriter): void {
    if (message.kind === 'answers') this.#answered(message)
    else if (message.kind === 'failing') this.#fail(message.error && fromWire(message.error))
    else if (message.kind === 'progress') this.#waiting.get(message.id)?.progress?.(message.share)
    else if (message.kind === 'log') this.#log[message.level](message.fields, message.message)
  }

  #fail(error: Error | null): void {
    this.#failing = error
    if (error) for (const reject of this.#admitting) reject(error)
  }

  #answered({ freight, report }: FromWriter & { kind: 'answers' }): void {
    if (report) this.#door?.report(report.places, report.admitted)
    for (const answer of this.#answersOf(freight)) this.#settle(answer)
  }

  #settle(answer: Answer): void {
    const waiter = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error) waiter?.reject(fromWire(answer.error))
    else waiter?.resolve(answer.value)
  }

  #end(error: Error, reject: (error: Error) => void): void {
    this.#over ??= error
    reject(this.#over)
    for (const waiter of this.#waiting.values()) waiter.reject(this.#over)
    this.#waiting.clear()
    this.#door?.end(this.#over)
  }

  /** What cannot be read is not worked now: its lease brings it again. */
  #worked(answer: Answer, next: () => Uint8Array): Answer {
    try {
      return { ...answer, value: (answer.value as WorkRow[]).map((row) => fromWorkRow(row, this.#door!, next)) }
    } catch (error) {
      return { ...answer, error: toWire(error) }
    }
  }

  #answersOf(freight: Freight): Answer[] {
    const { items, next } = unload(freight)
    return (items as (Answer & { work?: true })[]).map(({ work, ...answer }) => {
      return work ? this.#worked(answer, next) : answer
    })
  }
}

function parcelOf(call: Call): Parcel {
  if (call.name === 'keep') return { item: call, bodies: [], clone: true }
  return { item: { ...call, args: call.args.map(slim) }, bodies: [] }
}

/** Callers give the work as they have it; of a lease the writer wants no more than its number, and surely not the body. */
function slim(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(slim)
  if (typeof value !== 'object' || value === null) return value
  if ('ref' in value && 'fence' in value) return { ref: value.ref, fence: value.fence }
  return 'work' in value ? { ...value, work: slim(value.work) } : value
}

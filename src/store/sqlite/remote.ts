import { Worker } from 'node:worker_threads'
import { failure } from '../../core/errors.ts'
import type { Envelope } from '../../core/event.ts'
import type { Logger } from '../../core/service.ts'
import type { Want, Work } from '../store.ts'
import { abortable, type Caller } from './caller.ts'
import { toRow } from './envelopes.ts'
import { type Freight, load, type Parcel, unload } from './freight.ts'
import type { Retention } from './retention.ts'
import type { Transacted } from './transacted.ts'
import { type Answer, type Call, type FromWriter, fromWire, type ToWriter } from './wire.ts'

interface Waiter {
  resolve(value: unknown): void
  reject(error: unknown): void
  progress?: (share: number) => void
}

/** The writer in a thread of its own. Resolves once the ledger is loaded; rejects with why it cannot be. */
export async function remoteCaller(path: string, retention: Retention, log: Logger): Promise<Caller> {
  // The same file as source and as published: whichever of the two this is.
  const file = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
  const worker = new Worker(file, { workerData: { path, retention }, resourceLimits: YOUNG })
  const caller = new RemoteCaller(worker, log)
  await caller.ready
  return caller
}

// What a round allocates dies with it: a small nursery is emptied in microseconds, and the default one would keep 48 MB.
const YOUNG = { maxYoungGenerationSizeMb: 16 }

class RemoteCaller implements Caller {
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #log: Logger
  readonly #waiting = new Map<number, Waiter>()
  #outbox: Call[] = []
  #ids = 0
  #over: Error | null = null
  #closed: Promise<void> | null = null

  constructor(worker: Worker, log: Logger) {
    this.#worker = worker
    this.#log = log
    this.ready = new Promise((resolve, reject) => {
      worker.on('message', (message: FromWriter) => {
        if (message.kind === 'ready') resolve()
        else if (message.kind === 'refused') this.#end(fromWire(message.error), reject)
        else this.#hear(message)
      })
      worker.on('error', (error) => this.#end(error, reject))
      worker.on('exit', () => this.#end(failure('store_closed'), reject))
    })
  }

  call(name: string, args: readonly unknown[]): Promise<unknown> {
    return this.#ask((id) => this.#post({ id, name, args }))
  }

  lease(want: Want, signal?: AbortSignal): Promise<unknown> {
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
      this.#tell({ kind: 'close' })
    })
    return this.#closed
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
    if (message.kind === 'answers') for (const answer of answersOf(message.freight)) this.#settle(answer)
    else if (message.kind === 'progress') this.#waiting.get(message.id)?.progress?.(message.share)
    else if (message.kind === 'log') this.#log[message.level](message.fields, message.message)
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
  }
}

function parcelOf(call: Call): Parcel {
  if (call.name === 'keep') return { item: call, bodies: [], clone: true }
  if (call.name !== 'admit') return { item: { ...call, args: call.args.map(slim) }, bodies: [] }
  const events = call.args[0] as readonly Envelope[]
  return { item: { ...call, args: [events.map(toRow)] }, bodies: events.map(({ body }) => body) }
}

/** Callers give the work as they have it; of a lease the writer wants no more than its number, and surely not the body. */
function slim(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(slim)
  if (typeof value !== 'object' || value === null) return value
  if ('ref' in value && 'fence' in value) return { ref: value.ref, fence: value.fence }
  return 'work' in value ? { ...value, work: slim(value.work) } : value
}

function answersOf(freight: Freight): Answer[] {
  const { items, next } = unload(freight)
  const answers = items as (Answer & { work?: true })[]
  for (const { work, value } of answers) {
    if (work) for (const { event } of value as Work[]) Object.assign(event, { body: next() })
  }
  return answers
}

import { statfs } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import type { Logger, Service } from '../core/service.ts'
import { type Answer, refusal } from './answer.ts'

export interface AdmissionLimits {
  /**
   * Free disk below which nothing more is taken: room for the ledger to settle what it has, and for the operator to
   * act.
   */
  readonly diskReserveBytes: number
  /**
   * Bodies that are verified but not yet recorded. More means a store slower than the stream, and memory that would not
   * end.
   */
  readonly unrecordedBytesMax: number
  /** How long nothing is tried after an append failed; doubled with each failed probe. */
  readonly closedMs: number
  readonly closedMsMax: number
}

const MB = 1_048_576

export const admissionDefaults: AdmissionLimits = {
  diskReserveBytes: 256 * MB,
  unrecordedBytesMax: 64 * MB,
  closedMs: 500,
  closedMsMax: 10_000,
}

/** What the decision looks at. How much waits to be worked is not part of it: that is what the ledger is for. */
export interface AdmissionState {
  /** Null: not known, which refuses nothing. */
  readonly freeBytes: number | null
  readonly unrecordedBytes: number
  readonly append: 'works' | 'failed' | 'probing'
  readonly probeAt: number
}

export type Stop = 'store_unavailable' | 'disk_reserve' | 'memory_bound'

/**
 * What stops a durable write of `bytes` more, or null. After a failure one delivery at a time finds out whether the
 * store works again.
 */
export function stops(state: AdmissionState, limits: AdmissionLimits, bytes: number, now: number): Stop | null {
  if (state.append === 'probing' || (state.append === 'failed' && now < state.probeAt)) return 'store_unavailable'
  if (state.freeBytes !== null && state.freeBytes < limits.diskReserveBytes) return 'disk_reserve'
  return state.unrecordedBytes + bytes > limits.unrecordedBytesMax ? 'memory_bound' : null
}

export interface AdmissionDeps {
  /** Free bytes where the ledger lives; `freeBytesOf(folder)` for a file, absent for a server elsewhere. */
  readonly freeBytes?: () => Promise<number>
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: Partial<AdmissionLimits>
}

/** Keeps the state that `stops` decides on, and says in the log when the door closes and when it opens again. */
export class Admission implements Service {
  readonly limits: AdmissionLimits
  #deps: AdmissionDeps
  #state: { -readonly [K in keyof AdmissionState]: AdmissionState[K] }
  #closedMs: number
  #running = false
  #cancel = () => {}
  #refusals: Record<Stop, Answer>

  constructor(deps: AdmissionDeps) {
    this.limits = { ...admissionDefaults, ...deps.limits }
    this.#deps = deps
    this.#state = { freeBytes: null, unrecordedBytes: 0, append: 'works', probeAt: 0 }
    this.#closedMs = this.limits.closedMs
    this.#refusals = {
      store_unavailable: refusal('store_unavailable'),
      disk_reserve: refusal('disk_reserve', { reserve: Math.round(this.limits.diskReserveBytes / MB) }),
      memory_bound: refusal('memory_bound', { max: Math.round(this.limits.unrecordedBytesMax / MB) }),
    }
  }

  get state(): AdmissionState {
    return this.#state
  }

  /** Takes room for `bytes` (give it back with `gave`), or says with what to refuse them. */
  take(bytes: number, now: number): Answer | null {
    const stop = stops(this.#state, this.limits, bytes, now)
    if (stop) return this.#refusals[stop]
    if (this.#state.append === 'failed') this.#state.append = 'probing'
    this.#state.unrecordedBytes += bytes
    return null
  }

  gave(bytes: number): void {
    this.#state.unrecordedBytes -= bytes
  }

  worked(): void {
    if (this.#state.append === 'works') return
    this.#state.append = 'works'
    this.#closedMs = this.limits.closedMs
    this.#deps.log.info({}, 'events are kept again')
  }

  failed(): void {
    if (this.#state.append === 'failed') return
    const first = this.#state.append === 'works'
    this.#state.append = 'failed'
    this.#state.probeAt = this.#deps.clock.now() + this.#closedMs
    this.#closedMs = Math.min(this.#closedMs * 2, this.limits.closedMsMax)
    if (first) this.#deps.log.error({ code: 'store_unavailable' }, 'events cannot be kept; deliveries get 503')
  }

  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    await this.#look()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancel()
  }

  async #look(): Promise<void> {
    const { freeBytes, clock } = this.#deps
    if (!freeBytes || !this.#running) return
    // A disk that cannot be asked is no reason to refuse: a failing append will be.
    this.#free(await freeBytes().catch(() => null))
    if (this.#running) this.#cancel = clock.after(DISK_CHECK_MS, () => void this.#look())
  }

  #free(bytes: number | null): void {
    const { log } = this.#deps
    const short = (free: number | null) => free !== null && free < this.limits.diskReserveBytes
    const before = short(this.#state.freeBytes)
    this.#state.freeBytes = bytes
    if (short(bytes) === before) return
    if (before) log.info({}, 'there is disk space again')
    else log.error({ code: 'disk_reserve' }, `${MBs(bytes)} MB of disk are left; deliveries get 503`)
  }
}

// At 13,000 events/s of 9 KB written each, a second costs 117 MB: under half of the reserve.
const DISK_CHECK_MS = 1_000

const MBs = (bytes: number | null): number => Math.round((bytes ?? 0) / MB)

export const freeBytesOf = (folder: string) => async (): Promise<number> => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

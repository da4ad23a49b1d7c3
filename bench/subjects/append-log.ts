import { fdatasync, openSync, writev } from 'node:fs'

/**
 * A file that only grows, with group commit: what is appended while one sync runs is written and synced together by the
 * next. The least that a durable 200 can cost, and so the reference for what does more.
 */
export class AppendLog {
  readonly #fd: number
  #queue: Entry[] = []
  #syncing = false

  constructor(path: string) {
    this.#fd = openSync(path, 'a')
  }

  /** Calls back when `bytes` would survive a crash. */
  append(bytes: Buffer, kept: Kept): void {
    this.#queue.push({ bytes, kept })
    if (!this.#syncing) this.#commit()
  }

  #commit(): void {
    const batch = this.#queue.splice(0, BATCH_MAX)
    this.#syncing = true
    writev(this.#fd, batch.flatMap(frame), (failed, written) => {
      if (failed || written !== size(batch)) return this.#end(batch, failed ?? new Error('The disk is full.'))
      fdatasync(this.#fd, (error) => this.#end(batch, error))
    })
  }

  #end(batch: readonly Entry[], error: Error | null): void {
    this.#syncing = false
    for (const { kept } of batch) kept(error)
    if (this.#queue.length > 0) this.#commit()
  }
}

type Kept = (error: Error | null) => void

interface Entry {
  readonly bytes: Buffer
  readonly kept: Kept
}

// Two pieces for each entry, and Linux takes at most 1,024 pieces in one call.
const BATCH_MAX = 512
const LENGTH_BYTES = 4

function frame({ bytes }: Entry): Buffer[] {
  const length = Buffer.allocUnsafe(LENGTH_BYTES)
  length.writeUInt32LE(bytes.length)
  return [length, bytes]
}

const size = (batch: readonly Entry[]): number => batch.reduce((sum, { bytes }) => sum + LENGTH_BYTES + bytes.length, 0)

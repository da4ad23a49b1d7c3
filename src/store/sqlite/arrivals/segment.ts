import { close, constants, fdatasync, fsync, ftruncateSync, open, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { fileOf } from './place.ts'

const opened = promisify(open)
const synced = promisify(fsync)
const closed = promisify(close)

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/** A file that grows at its end. */
export class Segment {
  readonly number: number
  readonly openedAt: number
  readonly #fd: number
  /** Where the next frame begins. */
  size = 0
  /** Something lies behind that end which could not be taken out: nothing may be written here any more. */
  spoilt = false
  #closed = false

  private constructor(number: number, fd: number, openedAt: number) {
    this.number = number
    this.#fd = fd
    this.openedAt = openedAt
  }

  /** The file is there for good once this resolves: its name is on the disk as well. */
  static async create(folder: string, number: number, now: number): Promise<Segment> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const fd = await opened(fileOf(folder, number), NEW, 0o600)
    const names = await opened(folder, constants.O_RDONLY)
    await synced(names).finally(() => closed(names))
    return new Segment(number, fd, now)
  }

  /** Appends all of it or nothing. Throws as the system does. */
  write(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, this.size + at)
      this.size += bytes.length
    } catch (error) {
      this.cut(this.size)
      throw error
    }
  }

  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#fd, done)
  }

  /**
   * Forgets what lies behind, at once: what is written next begins there. Should that fail too, what was refused may be taken after
   * all, which does no harm: it comes again as a repeat.
   */
  cut(size: number): void {
    try {
      ftruncateSync(this.#fd, size)
    } catch {
      this.spoilt = true
    }
  }

  /** Closing twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    close(this.#fd, () => {})
  }
}

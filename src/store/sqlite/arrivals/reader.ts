import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { type Frame, HEADER_BYTES, lengthOf, readFrame } from './frame.ts'
import { fileOf, offsetOf, type Place, placeOf, segmentOf } from './place.ts'

const OPEN_MAX = 8
/** A look at one frame takes so much, which nearly always is all of it. */
const FRAME_BYTES = 8192
const CHUNK_BYTES = 1024 * 1024

/** Reads frames of any segment; keeps the files that it read last open. */
export class SegmentReader {
  readonly #folder: string
  readonly #files = new Map<number, number>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The frame at a place, with bytes of its own; null where its segment is gone or does not hold it whole. */
  frame(place: Place): Frame | null {
    const head = this.read(place, FRAME_BYTES)
    const length = lengthOf(head, 0)
    if (length === null) return null
    return readFrame(length <= head.length ? head : this.read(place, length), 0, false)
  }

  /** Up to so many bytes from there on. */
  read(place: Place, bytes: number, into = Buffer.allocUnsafeSlow(bytes)): Buffer {
    const fd = this.#open(segmentOf(place))
    return fd === null ? into.subarray(0, 0) : into.subarray(0, readSync(fd, into, 0, bytes, offsetOf(place)))
  }

  size(segment: number): number {
    return statSync(fileOf(this.#folder, segment), { throwIfNoEntry: false })?.size ?? 0
  }

  /** By the file system's clock. */
  writtenAt(segment: number): number {
    return statSync(fileOf(this.#folder, segment), { throwIfNoEntry: false })?.mtimeMs ?? 0
  }

  close(segment?: number): void {
    for (const [number, fd] of this.#files) {
      if (segment !== undefined && number !== segment) continue
      closeSync(fd)
      this.#files.delete(number)
    }
  }

  #open(segment: number): number | null {
    const known = this.#files.get(segment)
    if (known !== undefined) return known
    const fd = openFile(fileOf(this.#folder, segment))
    if (fd === null) return null
    if (this.#files.size >= OPEN_MAX) this.close(this.#files.keys().next().value)
    this.#files.set(segment, fd)
    return fd
  }
}

function openFile(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Reads frames one after another, in large pieces. What it gives is good until it is asked for more. */
export class FrameStream {
  readonly #reader: SegmentReader
  readonly #chunkBytes: number
  #buffer = Buffer.allocUnsafeSlow(0)
  #piece = this.#buffer
  /** Where the piece begins. */
  #from: Place = 0

  constructor(reader: SegmentReader, chunkBytes = CHUNK_BYTES) {
    this.#reader = reader
    this.#chunkBytes = chunkBytes
  }

  /** The frame at `place`, which ends at `to` or before; null where there is none. */
  at(place: Place, to: Place, verified: boolean): Frame | null {
    const room = to - place
    let at = this.#within(place, HEADER_BYTES) ?? this.#fetch(place, Math.min(this.#chunkBytes, room))
    const length = lengthOf(this.#piece, at)
    if (length === null || length > room) return null
    if (this.#within(place, length) === null)
      at = this.#fetch(place, Math.min(Math.max(this.#chunkBytes, length), room))
    return readFrame(this.#piece, at, verified)
  }

  /** Where that lies in the piece; null where the piece does not hold so many bytes of it. */
  #within(place: Place, bytes: number): number | null {
    const at = place - this.#from
    const here = segmentOf(place) === segmentOf(this.#from) && at >= 0 && at + bytes <= this.#piece.length
    return here ? at : null
  }

  #fetch(place: Place, bytes: number): number {
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, this.#chunkBytes))
    this.#piece = this.#reader.read(place, bytes, this.#buffer) as Buffer<ArrayBuffer>
    this.#from = place
    return 0
  }
}

export const after = (place: Place, bytes: number): Place => placeOf(segmentOf(place), offsetOf(place) + bytes)

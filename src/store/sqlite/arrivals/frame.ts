import { crc32 } from 'node:zlib'
import type { Envelope } from '../../../core/event.ts'
import { type EnvelopeRow, toRow } from '../envelopes.ts'

/**
 * An event as it arrived, in a file that only grows: a header (mark, bytes of the facts, bytes of the body, checksum of both), the
 * facts as JSON, and Stripe's bytes.
 */
export interface Frame {
  readonly receivedAt: number
  readonly facts: EnvelopeRow
  /** A view on the bytes that the frame was read from. */
  readonly body: Uint8Array
  /** Of the whole frame. */
  readonly bytes: number
}

export const HEADER_BYTES = 16
const MARK = 0x4b48524e
/** More than names, ids and numbers can take: Stripe's ids have at most 255 characters. */
const FACTS_BYTES_MAX = 16_384

/** Room for the frames of these events, with some to spare. */
export const roomFor = (events: readonly Envelope[]): number =>
  events.reduce((sum, { body }) => sum + HEADER_BYTES + FACTS_BYTES_MAX + body.byteLength, 0)

/** Writes the frame of an event; gives where it ends. */
export function writeFrame(into: Buffer, at: number, event: Envelope, receivedAt: number): number {
  const from = at + HEADER_BYTES
  const text = JSON.stringify([receivedAt, toRow(event)])
  if (Buffer.byteLength(text) > FACTS_BYTES_MAX) throw new RangeError(`what ${event.id} says of itself is too long`)
  const facts = into.write(text, from)
  const to = from + facts + event.body.byteLength
  into.set(event.body, from + facts)
  into.writeUInt32LE(MARK, at)
  into.writeUInt32LE(facts, at + 4)
  into.writeUInt32LE(event.body.byteLength, at + 8)
  into.writeUInt32LE(crc32(into.subarray(from, to)), at + 12)
  return to
}

/** How long the frame is that begins here; null where none does. */
export function lengthOf(bytes: Buffer, at: number): number | null {
  if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MARK) return null
  return HEADER_BYTES + bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8)
}

/** The frame that begins here and is there to its end; null where it is not what was written. */
export function readFrame(bytes: Buffer, at: number, verified: boolean): Frame | null {
  const length = lengthOf(bytes, at)
  if (length === null || at + length > bytes.length) return null
  const from = at + HEADER_BYTES
  if (!verified && crc32(bytes.subarray(from, at + length)) !== bytes.readUInt32LE(at + 12)) return null
  const facts = from + bytes.readUInt32LE(at + 4)
  const [receivedAt, row] = JSON.parse(bytes.toString('utf8', from, facts)) as [number, EnvelopeRow]
  return { receivedAt, facts: row, body: bytes.subarray(facts, at + length), bytes: length }
}

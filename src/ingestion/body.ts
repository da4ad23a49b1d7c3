import type { IncomingMessage } from 'node:http'
import type { Reader, Unverified } from './unverified.ts'

export interface Reading {
  readonly bodyBytesMax: number
  /** Where bodies that come in pieces are counted, and the address that they are counted for. */
  readonly unverified?: Unverified
  readonly address?: () => string
}

export type Problem = 'body_too_large' | 'request_torn'

/** Stripe publishes no bound. Its events are some KB; invoices with many lines and much metadata reach some 100 KB. */
export const BODY_BYTES_MAX = 1_048_576

/**
 * What is thrown away of a request that was already answered, before the connection is cut: the answer must get through
 * first.
 */
export const DISCARD_BYTES_MAX = 8_388_608

/**
 * Reads a request's bytes as they came, and calls `done` once: with all of them, or with what is wrong. It does so at
 * the last byte that was announced and not at the stream's end, which comes a turn of the event loop later.
 */
export function readBody(req: IncomingMessage, reading: Reading, done: (body: Buffer | Problem) => void): void {
  const announced = announcedBytes(req)
  let chunks: Buffer[] | null = []
  let length = 0
  let reader: Reader | null = null

  const finish = (result: Buffer | Problem): void => {
    if (chunks === null) return
    chunks = null
    if (reader) reading.unverified?.remove(reader)
    done(result)
  }

  if (announced !== null && announced > reading.bodyBytesMax) {
    finish('body_too_large')
    discard(req)
    return
  }

  req.on('data', (chunk: Buffer) => {
    if (chunks === null) return
    length += chunk.length
    if (length > reading.bodyBytesMax) {
      finish('body_too_large')
      return discard(req)
    }
    if (length === announced) return finish(chunks.length === 0 ? chunk : Buffer.concat([...chunks, chunk], length))
    chunks.push(chunk)
    if (reading.unverified) {
      reader ??= readerOf(req, reading.address?.() ?? '')
      reading.unverified.add(reader, chunk.length)
    }
  })
  req.on('end', () => finish(Buffer.concat(chunks ?? [], length)))
  req.on('close', () => finish('request_torn'))
}

/**
 * Lets the rest of a body run out, so that an answer is not lost to a reset connection; one that does not end is cut.
 */
export function discard(req: IncomingMessage): void {
  let bytes = 0
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > DISCARD_BYTES_MAX) req.destroy()
  })
}

function announcedBytes(req: IncomingMessage): number | null {
  const header = req.headers['content-length']
  return header === undefined ? null : Number(header)
}

const readerOf = (req: IncomingMessage, address: string): Reader => ({
  address,
  bytes: 0,
  paused: false,
  pause: () => void req.pause(),
  resume: () => void req.resume(),
})

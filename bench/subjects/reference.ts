import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../src/core/clock.ts'

/** What a reference does with a body whose signature is good. Calls back when a 200 may be given. */
export type Keep = (body: Buffer, kept: (error: Error | null) => void) => void

/** The server around the references: bare `node:http`, HMAC over the raw bytes, 200 when kept. Resolves to its port. */
export async function serve(keep: Keep, { secret, clock }: { secret: string; clock: Clock }): Promise<number> {
  const key = createSecretKey(Buffer.from(secret))
  const server = createServer((request, response) => {
    collect(request, (body) => {
      const header = request.headers['stripe-signature']
      if (!signed(body, typeof header === 'string' ? header : '', key, clock.now()))
        return answer(response, 400, REFUSED)
      keep(body, (error) => answer(response, error ? 503 : 200, error ? REFUSED : RECEIVED))
    })
  })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.on('error', reject)
  server.listen(0, '127.0.0.1', 1_024, () => resolve((server.address() as AddressInfo).port))
  return promise
}

/** Tells the harness the port, and ends with the harness, even with one that was killed. */
export function ready(line: { port: number } & Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
  process.stdin.on('end', () => process.exit(0)).resume()
}

const RECEIVED = Buffer.from('{"received":true}')
const REFUSED = Buffer.from('{"received":false}')
const BODY_BYTES_MAX = 1 << 20
const TOLERANCE_S = 300

function collect(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > BODY_BYTES_MAX) request.destroy()
    else chunks.push(chunk)
  })
  request.on('end', () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)))
}

function signed(body: Buffer, header: string, key: KeyObject, nowMs: number): boolean {
  const [, t, v1] = /^t=(\d{10}),v1=([0-9a-f]{64})$/.exec(header) ?? []
  if (!t || !v1 || Math.abs(nowMs / 1_000 - Number(t)) > TOLERANCE_S) return false
  const wanted = createHmac('sha256', key).update(`${t}.`).update(body).digest()
  return timingSafeEqual(wanted, Buffer.from(v1, 'hex'))
}

function answer(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}

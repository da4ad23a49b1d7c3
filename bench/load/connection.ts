import { connect, type Socket } from 'node:net'
import { ResponseParser } from './parser.ts'
import type { Requests } from './request.ts'

/** What a connection reports. Between `send` and one of these it is busy. */
export interface Listener {
  answered(connection: Connection, answer: { status: number; open: boolean }): void
  /** The server closed, or answered what is no answer: the request in flight, if any (`busy`), will not be answered. */
  broke(connection: Connection, cause: Error): void
}

/** One keep-alive connection to 127.0.0.1 with at most one request in flight. */
export class Connection {
  /** When the request in flight was meant to be sent. */
  meantAt = 0
  busy = false
  #socket: Socket | null = null
  readonly #bytes: Buffer
  readonly #received = Buffer.allocUnsafeSlow(RECEIVE_BYTES)
  readonly #requests: Requests
  readonly #listener: Listener

  constructor(requests: Requests, listener: Listener) {
    this.#requests = requests
    this.#listener = listener
    this.#bytes = Buffer.allocUnsafeSlow(requests.bytesMax)
    requests.writeHead(this.#bytes)
  }

  /** Resolves when requests may be sent; also opens a new connection in place of one that broke. */
  open(port: number): Promise<void> {
    const parser = new ResponseParser(({ status, keepAlive }) => this.#answered(status, keepAlive))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onread = {
      buffer: this.#received,
      callback: (length: number, buffer: Uint8Array) => this.#read(parser, buffer, length),
    }
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread }, resolve)
    socket.on('error', reject)
    socket.on('close', () => this.#fail(socket, new Error('The server closed the connection.')))
    this.#socket = socket
    return promise
  }

  /** Sends the next request, signed for `nowMs`. Only for an open connection that is not busy. */
  send(meantAt: number, nowMs: number): void {
    this.meantAt = meantAt
    this.busy = true
    this.#socket?.write(this.#bytes.subarray(0, this.#requests.write(this.#bytes, nowMs, meantAt)))
  }

  close(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }

  #read(parser: ResponseParser, bytes: Uint8Array, length: number): boolean {
    try {
      parser.push(bytes, length)
    } catch (cause) {
      if (this.#socket) this.#fail(this.#socket, cause as Error)
    }
    return true
  }

  #answered(status: number, keepAlive: boolean): void {
    if (!this.busy) throw new Error('The server answered a request that was not made.')
    this.busy = false
    // A server that answered before it read everything still reads from our buffer: the next request would tear this one.
    const open = keepAlive && this.#socket?.writableLength === 0
    if (!open) this.close()
    this.#listener.answered(this, { status, open })
  }

  #fail(socket: Socket, cause: Error): void {
    if (this.#socket !== socket) return
    this.close()
    this.#listener.broke(this, cause)
  }
}

const RECEIVE_BYTES = 4_096

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { wireForm } from './answer.ts'
import { Connection, type ConnectionHands } from './connection.ts'

export interface ConnectionsOptions extends Pick<ConnectionHands, 'receive' | 'closing'> {
  readonly clock: Clock
  /** How long a connection may stay without a byte when it is new, and between two requests. */
  readonly headersMs: number
  readonly keepAliveMs: number
}

/** The connections that have brought nothing but plain requests so far. */
export class Connections {
  /** All that were accepted and have not ended: those that still shake hands, and those that `node:http` reads, are among them. */
  readonly #sockets = new Set<Socket>()
  readonly #open = new Set<Connection>()
  readonly #options: ConnectionsOptions
  readonly #hands: ConnectionHands
  #looking = false

  /** Steps between a server's sockets and its own reading of them; `event` is the one that brings a socket ready to be read. */
  constructor(server: Server, event: 'connection' | 'secureConnection', options: ConnectionsOptions) {
    this.#options = options
    const [read] = server.listeners(event).slice(-1) as [(socket: Socket) => void]
    this.#hands = {
      receive: options.receive,
      closing: options.closing,
      now: () => options.clock.now(),
      handOver: (socket) => read.call(server, socket),
      onTheWire: wireForm(options.clock, options.keepAliveMs),
      gone: (connection) => this.#open.delete(connection),
    }
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.off(event, read)
    server.on(event, (socket: Socket) => {
      // Its handshake was under way when the others were told.
      if (options.closing()) return void socket.destroy()
      this.#open.add(new Connection(socket, this.#hands))
      this.#look()
    })
  }

  /** Closes those that wait for nothing; the others close with their answer. */
  closeIdle(): void {
    for (const connection of this.#open) if (!connection.busy) connection.destroy()
  }

  /** Every one that was accepted, whoever reads it. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** One timer for all, as long as there are any. */
  #look(): void {
    if (this.#looking) return
    this.#looking = true
    const { clock, headersMs, keepAliveMs } = this.#options
    clock.after(Math.min(LOOK_MS, headersMs, keepAliveMs), () => {
      this.#looking = false
      const now = clock.now()
      for (const connection of this.#open) {
        const quietMs = now - connection.quietAt
        if (!connection.busy && quietMs > (connection.fresh ? headersMs : keepAliveMs)) connection.destroy()
      }
      if (this.#open.size > 0) this.#look()
    })
  }
}

const LOOK_MS = 1_000

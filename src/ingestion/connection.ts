import type { Socket } from 'node:net'
import type { Answer } from './answer.ts'
import { type PlainRequest, readPlain } from './plain.ts'

export interface ConnectionHands {
  /** What to answer; null: this is for `node:http`. */
  readonly receive: (request: PlainRequest, socket: Socket) => Answer | Promise<Answer> | null
  /** Gives the socket away, with what came of a request and nobody has read. */
  readonly handOver: (socket: Socket) => void
  readonly onTheWire: (answer: Answer, last: boolean) => Buffer
  /** Answers close their connection from then on. */
  readonly closing: () => boolean
  readonly now: () => number
  /** This connection is over, or somebody else's. */
  readonly gone: (connection: Connection) => void
}

/**
 * A socket on which plain requests are read and answered one after another. At the first that is not plain `node:http` gets the
 * socket for good. Half of what a delivery costs is `node:http`, and nearly all deliveries are plain.
 */
export class Connection {
  /** When it last had an answer to send, or came. */
  quietAt: number
  /** Nothing has come on it yet. */
  fresh = true
  #busy = false
  #ended = false
  /** What came before the answer to what was before it. */
  #early: Buffer | null = null
  readonly #socket: Socket
  readonly #hands: ConnectionHands

  constructor(socket: Socket, hands: ConnectionHands) {
    this.#socket = socket
    this.#hands = hands
    this.quietAt = hands.now()
    socket.on('data', this.#take)
    socket.on('end', this.#end)
    socket.on('error', ignore)
    socket.on('close', this.#close)
  }

  get busy(): boolean {
    return this.#busy
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #take = (bytes: Buffer): void => {
    this.fresh = false
    if (this.#busy) {
      // Read on once the answer is out: at most what was already in hand is kept.
      this.#socket.pause()
      this.#early = this.#early ? Buffer.concat([this.#early, bytes]) : bytes
      return
    }
    const request = readPlain(bytes)
    const answer = request && this.#hands.receive(request, this.#socket)
    if (answer === null) return this.#handOver(bytes)
    this.#busy = true
    if (answer instanceof Promise) answer.then(this.#send)
    else this.#send(answer)
  }

  readonly #send = (answer: Answer): void => {
    this.#busy = false
    this.quietAt = this.#hands.now()
    if (!this.#socket.writable) return
    const last = this.#ended || this.#hands.closing()
    this.#socket.write(this.#hands.onTheWire(answer, last))
    if (last) return void this.#socket.end()
    // It sends and does not read: what it is told would lie here, more with each request.
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) return this.destroy()
    if (!this.#early) return
    const early = this.#early
    this.#early = null
    this.#socket.resume()
    this.#take(early)
  }

  readonly #end = (): void => {
    this.#ended = true
    if (!this.#busy) this.#socket.end()
  }

  readonly #close = (): void => this.#hands.gone(this)

  #handOver(bytes: Buffer): void {
    const socket = this.#socket
    this.#hands.gone(this)
    socket.off('data', this.#take).off('end', this.#end).off('error', ignore).off('close', this.#close)
    socket.pause()
    socket.unshift(bytes)
    this.#hands.handOver(socket)
    socket.resume()
  }
}

/** Some hundred answers, beside those that the system holds. */
const UNREAD_BYTES_MAX = 65_536

/** What a broken socket means is said by its close. */
function ignore(): void {}

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { pause } from '../settle.ts'
import { onLines, REFUSED, TAKEN, type Told, toldBy } from './telling.ts'

/** What handlers act upon: it keeps the highest fence of each lane and refuses what comes with a lower one. */
export class Destination {
  /** Of which events it was told. */
  readonly ids = new Set<string>()
  taken = 0
  refused = 0
  readonly #highest = new Map<string, number>()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #lastAt = performance.now()
  #stallMs = 0
  #onTaken: (id: string) => void = () => {}

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket.setNoDelay())
      socket.on('close', () => this.#sockets.delete(socket))
      onLines(socket, (line) => socket.write(`${this.#take(toldBy(line)) ? TAKEN : REFUSED}\n`))
    })
  }

  static async start(): Promise<Destination> {
    const destination = new Destination()
    destination.#server.listen(0, '127.0.0.1')
    await once(destination.#server, 'listening')
    return destination
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many effects were begun, refused ones too. */
  get begun(): number {
    return this.taken + this.refused
  }

  onTaken(listen: (id: string) => void): void {
    this.#onTaken = listen
  }

  /** From now on the longest stall is another one. */
  mark(): void {
    this.#lastAt = performance.now()
    this.#stallMs = 0
  }

  /** The longest time in which no effect began, one that lasts still included. */
  get stallMs(): number {
    return Math.max(this.#stallMs, performance.now() - this.#lastAt)
  }

  /** Resolves to true when no effect has begun for so long, to false when that does not come in time. */
  async quiet(forMs: number, withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs
    while (performance.now() < until) {
      if (performance.now() - this.#lastAt >= forMs) return true
      await pause(LOOK_MS)
    }
    return false
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #take({ lane, fence, id }: Told): boolean {
    this.#stallMs = this.stallMs
    this.#lastAt = performance.now()
    const fits = fence >= (this.#highest.get(lane) ?? 0)
    this[fits ? 'taken' : 'refused']++
    if (!fits) return false
    this.#highest.set(lane, fence)
    this.ids.add(id)
    this.#onTaken(id)
    return true
  }
}

const LOOK_MS = 20

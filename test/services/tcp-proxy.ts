import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Clock, systemClock } from '../../src/core/clock.ts'

/**
 * Stands between a client and a server on loopback, and does to their connections what networks do. Faults last until `heal`,
 * but for connections that were cut: these stay cut.
 */
export class TcpProxy {
  readonly #to: { readonly host: string; readonly port: number }
  readonly #clock: Clock
  readonly #pairs = new Set<Pair>()
  #server: Server | null = null
  #port = 0
  #delayMs = 0
  #frozen = false

  /** `clock` times the delays. */
  constructor(to: { readonly host?: string; readonly port: number }, clock: Clock = systemClock) {
    this.#to = { host: '127.0.0.1', ...to }
    this.#clock = clock
  }

  /** Listens on a port that the system picks, or on that of a proxy before it. */
  async start(port = 0): Promise<this> {
    await this.#listen(port)
    return this
  }

  get port(): number {
    return this.#port
  }

  /** The same URL, by way of the proxy. */
  url(direct: string): string {
    const url = new URL(direct)
    url.host = `127.0.0.1:${this.#port}`
    return url.href
  }

  /** How many connections there are, on the client's side. */
  get connections(): number {
    return this.#pairs.size
  }

  /**
   * Resets all connections there are; new ones pass. `told` is who gets to know: to the other one the connection looks alive and
   * silent until `heal`. A server that is not told keeps what its client had begun, locks included.
   */
  cut(told: 'both' | 'client' | 'server' = 'both'): void {
    for (const pair of [...this.#pairs]) pair.cut(told)
  }

  /** New connections are refused; those there are go on. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    // Its callback would wait for all connections to end; the port is given up at once.
    server.close()
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Every piece arrives so much later, in both directions and in order. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Nothing passes, and nothing is closed: new connections are taken and hear nothing. What is sent waits for `heal`. */
  freeze(): void {
    this.#frozen = true
    for (const pair of this.#pairs) pair.freeze()
  }

  /** As if nothing had been. Ends the connections of which one side was cut. */
  async heal(): Promise<void> {
    this.#delayMs = 0
    this.#frozen = false
    for (const pair of [...this.#pairs]) pair.heal()
    if (!this.#server) await this.#listen(this.#port)
  }

  /** Cuts all connections and listens no more. */
  async close(): Promise<void> {
    await this.refuse()
    for (const pair of [...this.#pairs]) pair.end()
  }

  async #listen(port: number): Promise<void> {
    // What one side has ended may still be answered by the other, as Redis and Postgres do.
    const server = createServer({ allowHalfOpen: true }, (client) => this.#take(client))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  #take(client: Socket): void {
    const server = connect({ ...this.#to, allowHalfOpen: true })
    const later = (run: () => void) => (this.#delayMs > 0 ? void this.#clock.after(this.#delayMs, run) : run())
    const pair = new Pair({ client, server }, later, () => this.#pairs.delete(pair))
    this.#pairs.add(pair)
    if (this.#frozen) pair.freeze()
  }
}

interface Sides {
  readonly client: Socket
  readonly server: Socket
}

/** One connection, both sides of it. */
class Pair {
  readonly #sides: Sides
  readonly #later: (run: () => void) => void
  readonly #gone: () => void
  /** Whose piece has been read and is not delivered yet: nothing more is read there, so nothing overtakes it. */
  readonly #behind = new Set<Socket>()
  #held: (() => void)[] = []
  #frozen = false
  #cut = false

  constructor(sides: Sides, later: (run: () => void) => void, gone: () => void) {
    this.#sides = sides
    this.#later = later
    this.#gone = gone
    this.#pass(sides.client, sides.server)
    this.#pass(sides.server, sides.client)
  }

  freeze(): void {
    this.#frozen = true
    for (const side of Object.values(this.#sides)) side.pause()
  }

  heal(): void {
    if (this.#cut) return this.cut('both')
    this.#frozen = false
    for (const deliver of this.#held.splice(0)) deliver()
    for (const side of Object.values(this.#sides)) this.#read(side)
  }

  cut(told: 'both' | 'client' | 'server'): void {
    this.freeze()
    this.#cut = true
    if (told !== 'server') reset(this.#sides.client)
    if (told !== 'client') reset(this.#sides.server)
  }

  end(): void {
    this.cut('both')
    for (const side of Object.values(this.#sides)) side.destroy()
  }

  #pass(from: Socket, to: Socket): void {
    const deliver = (piece: Buffer): void => {
      if (this.#cut) return
      if (this.#frozen) return void this.#held.push(() => deliver(piece))
      const delivered = () => {
        this.#behind.delete(from)
        this.#read(from)
      }
      if (to.write(piece)) delivered()
      else to.once('drain', delivered)
    }
    from.on('data', (piece: Buffer) => {
      this.#behind.add(from)
      this.#later(() => deliver(piece))
      if (this.#behind.has(from)) from.pause()
    })
    from.on('end', () => this.#later(() => void to.end()))
    // The other side hears of it, unless it is not to.
    from.on('error', () => this.#cut || this.cut('both'))
    from.on('close', () => this.#sides.client.destroyed && this.#sides.server.destroyed && this.#gone())
  }

  #read(side: Socket): void {
    if (!this.#frozen && !this.#behind.has(side)) side.resume()
  }
}

/** One that is being made, or whose end was said, cannot be reset: Node would keep its handle for ever, and with it the process. */
const reset = (side: Socket): void =>
  void (side.connecting || side.writableEnded ? side.destroy() : side.resetAndDestroy())

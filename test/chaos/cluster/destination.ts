import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What handlers act upon: it keeps the highest fence of each lane and refuses what comes with a lower one. */
export class Destination {
  taken = 0
  refused = 0
  readonly #highest = new Map<string, number>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((req, res) => {
      const [, lane = '', fence = ''] = (req.url ?? '').split('/')
      res.writeHead(this.#take(lane, Number(fence)) ? 204 : 409).end()
    })
  }

  static async start(): Promise<Destination> {
    const destination = new Destination()
    destination.#server.listen(0, '127.0.0.1')
    await once(destination.#server, 'listening')
    return destination
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #take(lane: string, fence: number): boolean {
    const fits = fence >= (this.#highest.get(lane) ?? 0)
    if (fits) this.#highest.set(lane, fence)
    this[fits ? 'taken' : 'refused']++
    return fits
  }
}

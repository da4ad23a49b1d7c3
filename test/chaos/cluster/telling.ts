import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** What a destination is told of one effect, a line each; it answers in the same order, with a line each. */
export interface Told {
  readonly lane: string
  readonly fence: number
  readonly id: string
}

export const TAKEN = 'taken'
export const REFUSED = 'refused'

export const lineOf = ({ lane, fence, id }: Told): string => `${encodeURIComponent(lane)} ${fence} ${id}\n`

export function toldBy(line: string): Told {
  const [lane = '', fence = '', id = ''] = line.split(' ')
  return { lane: decodeURIComponent(lane), fence: Number(fence), id }
}

/** Hears it line by line. A process that is killed resets its connections: its end is all there is to that. */
export function onLines(socket: Socket, hear: (line: string) => void): void {
  socket.on('error', () => {})
  // An interface tells its input's errors once more.
  createInterface({ input: socket })
    .on('line', hear)
    .on('error', () => {})
}

interface Waiter {
  resolve(answer: string): void
  reject(error: Error): void
}

/**
 * A process' connection to the destination: tells do not wait for one another, and those without an answer fail with it. Bare
 * sockets, since a trial of a cluster would spend more on HTTP than on what is tried.
 */
export class Teller {
  readonly #port: number
  #line: { readonly socket: Socket; readonly waiters: Waiter[] } | null = null

  constructor(port: number) {
    this.#port = port
  }

  /** Resolves to the answer; rejects when the connection or the signal ends before it. */
  async tell(told: Told, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    const { socket, waiters } = (this.#line ??= this.#open())
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const aborted = () => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    waiters.push({ resolve, reject })
    socket.write(lineOf(told))
    return promise.finally(() => signal.removeEventListener('abort', aborted))
  }

  #open() {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay()
    const line = { socket, waiters: [] as Waiter[] }
    onLines(socket, (answer) => line.waiters.shift()?.resolve(answer))
    socket.on('close', () => {
      if (this.#line === line) this.#line = null
      for (const { reject } of line.waiters.splice(0)) reject(new Error('the destination went away'))
    })
    return line
  }
}

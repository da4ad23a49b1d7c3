import { createServer } from 'node:http'

// What a subject tells of its handlers. Plain JavaScript, as all that runs inside a measured process.

/** The product's own edges, in seconds: a peer's lag is read with the same ruler. */
export const SETTLE_SECONDS = [
  0.001, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600, 21_600, 86_400,
]

/** From 0.1 ms to 100 s, each 2 % above the one before. */
const FINE_SECONDS = Array.from({ length: 699 }, (_, step) => Number((0.0001 * 1.02 ** step).toPrecision(6)))

/** How many values were at most each edge, as Prometheus writes it. */
export class Histogram {
  #name
  #edges
  #counts
  #total = 0

  constructor(name, edges) {
    this.#name = name
    this.#edges = edges
    this.#counts = new Float64Array(edges.length + 1)
  }

  observe(seconds) {
    let low = 0
    for (let high = this.#edges.length; low < high; ) {
      const middle = (low + high) >> 1
      if (seconds <= this.#edges[middle]) high = middle
      else low = middle + 1
    }
    this.#counts[low]++
    this.#total++
  }

  get count() {
    return this.#total
  }

  text() {
    let seen = 0
    const lines = [...this.#edges, '+Inf'].map((edge, index) => {
      seen += this.#counts[index]
      return `${this.#name}_bucket{le="${edge}"} ${seen}\n`
    })
    return lines.join('')
  }
}

/**
 * Sent -> handled, for every subject alike: from when the generator meant to send an event to the end of its handler, on the one
 * monotonic clock that all processes share. Resolves to where it can be read, and what a handler calls last.
 */
export async function timing() {
  const handled = new Histogram('bench_handled_seconds', FINE_SECONDS)
  const url = await listen({ '/metrics': () => handled.text() })
  return { at: { url, token: null }, handled: (event) => handled.observe(secondsSince(event)) }
}

/**
 * The same of a peer, and what Hookkeeper's private listener tells, under the same names, so that the harness reads both alike:
 * how much is open, and arrival -> handled.
 */
export async function peerTiming() {
  const settled = new Histogram('hookkeeper_settle_lag_seconds', SETTLE_SECONDS)
  const handled = new Histogram('bench_handled_seconds', FINE_SECONDS)
  let taken = 0
  const url = await listen({
    '/metrics': () => settled.text() + handled.text(),
    '/api/v1/status': () => JSON.stringify({ backlog: { ready: taken - settled.count, scheduled: 0, running: 0 } }),
  })
  return {
    at: { url, token: null },
    /** A 200 is about to be given. */
    taken: () => void taken++,
    /** `arrivedAt` is when the request came to this process, by `performance.now()`. */
    handled(event, arrivedAt) {
      settled.observe((performance.now() - arrivedAt) / 1_000)
      handled.observe(secondsSince(event))
    },
  }
}

const secondsSince = (event) => (Number(process.hrtime.bigint()) / 1e3 - Number(event.data.object.metadata.sent)) / 1e6

/** Resolves to the address of a listener that answers these paths with text. It does not keep the process alive. */
async function listen(pages) {
  const server = createServer((request, response) => {
    const page = pages[request.url]
    response.writeHead(page ? 200 : 404, { connection: 'close' }).end(page?.())
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return `http://127.0.0.1:${server.address().port}`
}

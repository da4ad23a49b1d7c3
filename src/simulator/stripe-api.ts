import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { failure } from '../core/errors.ts'
import { http } from '../core/http.ts'
import type { Logger, Service } from '../core/service.ts'
import { type Answer, type ApiOptions, createApi } from './stripe-api/api.ts'

export interface StripeApiOptions extends ApiOptions {
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number
  readonly log: Logger
}

/** The simulated merchant's Stripe API on a socket. `start` rejects with `port_taken`. */
export interface StripeApi extends Service {
  /** What `STRIPE_API_BASE` takes; null while it does not listen. */
  url(): string | null
}

const HOST = '127.0.0.1'
const BODY_BYTES_MAX = 65_536
const REQUEST_MS = 30_000
const CONNECTIONS_MAX = 256

export function createStripeApi({ port, log, ...options }: StripeApiOptions): StripeApi {
  const answer = createApi(options)
  let server: Server | null = null

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    if (body === null) return send(response, { status: 413, headers: {}, body: TOO_LARGE })
    const { method = 'GET', url = '/', headers } = request
    send(response, answer({ method, url, headers, body }))
  }

  const failed = (response: ServerResponse, error: Error) => {
    log.error({ error: error.name }, 'the simulated Stripe API failed')
    if (!response.headersSent) send(response, { status: 500, headers: {}, body: FAILED })
    else response.destroy()
  }

  return {
    async start() {
      if (server) return
      const made = http.createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
        serve(request, response).catch((error: Error) => failed(response, error))
      })
      made.maxConnections = CONNECTIONS_MAX
      server = made
      await bound(made, port)
    },
    async stop() {
      const stopping = server
      server = null
      if (stopping?.listening) await closed(stopping)
    },
    url: () => (server?.listening ? `http://${HOST}:${(server.address() as AddressInfo).port}` : null),
  }
}

const TOO_LARGE = {
  error: { type: 'invalid_request_error', message: `The request is larger than ${BODY_BYTES_MAX} bytes.` },
}
const FAILED = { error: { type: 'api_error', message: 'This went wrong in the simulator, not in what you sent.' } }

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-cache, no-store', ...headers })
  response.end(`${JSON.stringify(body, null, 2)}\n`)
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Read on without keeping it: who is cut off in the middle of sending never sees the answer.
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk)
  }
  return bytes <= BODY_BYTES_MAX ? Buffer.concat(chunks).toString('utf8') : null
}

function bound(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? failure('port_taken', { port, setting: '--port' }) : error)
    server.once('error', refused)
    server.listen({ host: HOST, port }, () => {
      server.off('error', refused)
      resolve()
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    // Answers are made in one go, so nobody is cut off in the middle of one.
    server.closeAllConnections()
  })
}

import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { failure, type HookkeeperError } from '../core/errors.ts'
import { http } from '../core/http.ts'
import type { Logger, Service } from '../core/service.ts'
import type { ApiEnv } from './api.ts'
import { type Door, isLoopback, refusal } from './door.ts'

/** More sockets than people and probes need; each may hold a tail open. */
const CONNECTIONS_MAX = 256
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
const KEEP_ALIVE_MS = 5_000
/** How long calls under way may still take when the listener stops. */
const GRACE_MS = 2_000

export interface PrivateListenerOptions {
  readonly app: { fetch(request: Request, env: ApiEnv): Response | Promise<Response> }
  readonly host?: string
  readonly port?: number
  /** Asked for as `Authorization: Bearer`, but at /healthz and /readyz. Off loopback there must be one. */
  readonly token?: string | null
  /** Names by which the listener may be called, besides localhost. */
  readonly hosts?: readonly string[]
  readonly log: Logger
}

export interface PrivateListener extends Service {
  /** Where it listens; null while it does not. */
  address(): { readonly host: string; readonly port: number; readonly url: string } | null
  /** Asks for another token from now on. Throws `private_unprotected` where there has to be one: then the old one stays. */
  reload(token: string | null): void
}

/** The private listener: health, metrics and the API, in every role. `start` rejects with `private_unprotected` or `port_taken`. */
export function createPrivateListener(options: PrivateListenerOptions): PrivateListener {
  const { app, host = '127.0.0.1', port = 4243, token = null, hosts = [], log } = options
  const loopback = isLoopback(host)
  const names = hosts.map((name) => name.toLowerCase())
  const doorWith = (token: string | null): Door => ({ token: token || null, hosts: names, loopback })
  const mayOpen = (door: Door) => {
    if (!door.loopback && door.token === null) throw failure('private_unprotected', { host })
  }
  let door = doorWith(token)
  let running: Running | null = null
  return {
    async start() {
      if (running) return
      mayOpen(door)
      const made = listen(app, () => door, log)
      running = made
      try {
        await bound(made.server, host, port)
      } catch (error) {
        running = null
        throw error
      }
    },
    async stop() {
      const stopping = running
      running = null
      if (stopping) await closed(stopping)
    },
    address: () => addressOf(running?.server),
    reload(token) {
      const next = doorWith(token)
      mayOpen(next)
      door = next
    },
  }
}

interface Running {
  readonly server: Server
  readonly ending: AbortController
}

function listen(app: PrivateListenerOptions['app'], door: () => Door, log: Logger): Running {
  const ending = new AbortController()
  const answer = lazily(app, ending.signal)
  const server = http.createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 16_384 },
    (request, response) => {
      const refused = refusal(request, door())
      if (refused) return turnAway(response, refused)
      if (request.method === 'GET' && request.url === '/healthz') return alive(response)
      // Else a connection that is kept alive would hold up the stop for as long as it may be idle.
      response.once('finish', () => ending.signal.aborted && server.closeIdleConnections())
      void answer(request, response)
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  server.on('error', (error) => log.error({ error: error.name }, 'the private listener failed'))
  return { server, ending }
}

// Whoever asks whether the process lives does not wait for the API to be loaded.
function alive(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'x-content-type-options': 'nosniff' })
  response.end('{"ok":true}')
}

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }

type Answer = ReturnType<typeof import('@hono/node-server')['getRequestListener']>

/** Between Node's requests and fetch's stands a package that is loaded when somebody first asks. */
function lazily(app: PrivateListenerOptions['app'], ending: AbortSignal) {
  let made: Promise<Answer> | null = null
  return async (...[request, response]: Parameters<Answer>): Promise<void> => {
    made ??= import('@hono/node-server').then(({ getRequestListener }) =>
      getRequestListener((asked) => app.fetch(asked, { ending }), { overrideGlobalObjects: false }),
    )
    await (await made)(request, response)
  }
}

/** The body is not read, so the connection cannot be used again. */
function turnAway(response: ServerResponse, { code, message, remedy, status }: HookkeeperError): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' }
  response.writeHead(status ?? 500, { ...headers, ...(status === 401 && { 'www-authenticate': 'Bearer' }) })
  response.end(JSON.stringify({ error: { code, message, remedy } }))
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? failure('port_taken', { port, setting: 'CONSOLE_PORT' }) : error)
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

/** Streams end at once, calls under way have their grace, then whatever is left is cut. */
function closed({ server, ending }: Running): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    ending.abort()
    server.closeIdleConnections()
  })
}

function addressOf(server: Server | undefined) {
  const address = server?.address() as AddressInfo | null | undefined
  if (!address) return null
  const { address: host, port } = address
  return { host, port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` }
}

import type { Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import { http } from '../core/http.ts'
import type { Logger, Service } from '../core/service.ts'
import { BODY_BYTES_MAX } from './body.ts'
import { answerBrokenRequests } from './broken.ts'
import { Connections } from './connections.ts'
import type { Intake } from './intake.ts'
import { Rejections } from './rejections.ts'
import { createRoutes } from './routes.ts'
import { readTls, type TlsFiles } from './tls.ts'
import { Unverified, type UnverifiedLimits, unverifiedDefaults } from './unverified.ts'

export interface PublicLimits {
  readonly bodyBytesMax: number
  readonly headerBytesMax: number
  readonly connectionsMax: number
  /** From the first byte of a request to the end of its headers, and to its own end: slower ones are cut off. */
  readonly headersMs: number
  readonly requestMs: number
  /**
   * How long an idle connection is kept. Longer than the 60 s of usual load balancers, so that they close it and not
   * we.
   */
  readonly keepAliveMs: number
  /** How long `stop` waits for requests under way. */
  readonly stopMs: number
  readonly unverified: UnverifiedLimits
}

export const publicDefaults: PublicLimits = {
  bodyBytesMax: BODY_BYTES_MAX,
  headerBytesMax: 16_384,
  connectionsMax: 4_096,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  stopMs: 5_000,
  unverified: unverifiedDefaults,
}

export interface PublicListenerOptions {
  readonly host: string
  readonly port: number
  readonly intake: Intake
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: Partial<PublicLimits>
  readonly tls?: TlsFiles
  /** Take the client's address from the last entry of X-Forwarded-For: only behind a proxy that sets it. */
  readonly trustProxy?: boolean
}

export interface PublicListener extends Service {
  address(): { host: string; port: number }
  /**
   * Reads the certificate and the key again. New connections get the new one; when it cannot be read the old one stays
   * and this rejects.
   */
  reload(): Promise<void>
}

/**
 * Where Stripe posts: `/webhooks/stripe`, `/webhooks/stripe/<endpoint>`, and `/healthz` for load balancers. Nothing
 * else is here.
 */
export function createPublicListener(options: PublicListenerOptions): PublicListener {
  const limits = { ...publicDefaults, ...options.limits }
  let server: Server | null = null
  let connections: Connections | null = null
  let closing = false

  return {
    async start() {
      if (server) return
      closing = false
      const starting = await createBoundedServer(options, limits)
      connections = serve(starting, options, limits, () => closing)
      await listen(starting, options)
      server = starting
    },
    async stop() {
      const stopping = server
      server = null
      closing = true
      if (stopping && connections) await close(stopping, connections, options.clock, limits.stopMs)
    },
    address() {
      if (!server) throw new Error('the listener has no address before it was started')
      const { address, port } = server.address() as AddressInfo
      return { host: address, port }
    },
    async reload() {
      if (server && options.tls) (server as TlsServer).setSecureContext(await readTls(options.tls))
    },
  }
}

function serve(
  server: Server,
  options: PublicListenerOptions,
  limits: PublicLimits,
  closing: () => boolean,
): Connections {
  const { intake, clock, log, trustProxy = false } = options
  const { bodyBytesMax, headerBytesMax } = limits
  const rejections = new Rejections({ clock, log })
  const unverified = new Unverified(limits.unverified)
  const routes = createRoutes({ intake, rejections, unverified, bodyBytesMax, trustProxy, closing })
  server.on('request', routes.serve)
  answerBrokenRequests(server, { intake, rejections, clock, headerBytesMax })
  server.on('drop', (data) => rejections.add(data?.remoteAddress ?? 'unknown', 'connections_max', 0))
  const { headersMs, keepAliveMs } = limits
  const event = options.tls ? 'secureConnection' : 'connection'
  return new Connections(server, event, { receive: routes.receive, closing, clock, headersMs, keepAliveMs })
}

async function createBoundedServer(options: PublicListenerOptions, limits: PublicLimits): Promise<Server> {
  const bounds = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    // Node looks at its connections this often, so a time-out may come this much late.
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs, limits.requestMs),
  }
  const server = options.tls
    ? createTlsServer({ ...bounds, ...(await readTls(options.tls)), handshakeTimeout: limits.headersMs })
    : http.createServer(bounds)
  server.maxConnections = limits.connectionsMax
  return server
}

function listen(server: Server, { host, port, log }: PublicListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? failure('port_taken', { port, setting: 'PORT' }, { cause: error }) : error)
    server.once('error', refused)
    server.listen(port, host, () => {
      server.off('error', refused)
      // From here on an error is about one connection that could not be accepted; the others go on.
      server.on('error', ({ code }: NodeJS.ErrnoException) => log.warn({ code }, 'a connection could not be accepted'))
      resolve()
    })
  })
}

/** No new connections; those with a request under way are closed after its answer, and after `stopMs` in any case. */
function close(server: Server, connections: Connections, clock: Clock, stopMs: number): Promise<void> {
  return new Promise((resolve) => {
    connections.closeIdle()
    const cancel = clock.after(stopMs, () => connections.closeAll())
    server.close(() => {
      cancel()
      resolve()
    })
  })
}

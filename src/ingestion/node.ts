import type { IncomingMessage, ServerResponse } from 'node:http'
import { failure } from '../core/errors.ts'
import type { Answer } from './answer.ts'
import { BODY_BYTES_MAX, discard, readBody } from './body.ts'
import type { Intake } from './intake.ts'

export interface AdapterOptions {
  /** Which secrets are tried: `<account>` or `<account>/<name>`; all when absent. */
  readonly endpoint?: string
  readonly bodyBytesMax?: number
}

/** A request as frameworks hand it over: some have read the body already. */
export interface NodeRequest extends IncomingMessage {
  readonly body?: unknown
  readonly rawBody?: unknown
}

export type NodeHandler = (req: NodeRequest, res: ServerResponse) => Promise<void>

/**
 * The intake as a `(req, res)` handler, for a route of Express, Fastify, Nest or a server of one's own. It needs the bytes as
 * Stripe sent them: from the stream, from `rawBody`, or from a `body` that is still bytes or text. A parsed body is
 * refused with the line to add. Rejects with `request_foreign` where the two are not Node's.
 */
export function nodeHandler(intake: Intake, options: AdapterOptions = {}): NodeHandler {
  const { endpoint = null, bodyBytesMax = BODY_BYTES_MAX } = options

  return async (req, res) => {
    assertNodes(req, res)
    if (req.method !== 'POST') {
      send(res, intake.refuse('method_not_allowed', { allowed: 'POST', method: req.method ?? '' }))
      return discard(req)
    }
    const body = bytesOf(req.rawBody) ?? bytesOf(req.body) ?? (await stream(req, bodyBytesMax))
    if (typeof body === 'string') return send(res, intake.refuse(body, { max: bodyBytesMax, ...remedyFor(req) }))
    if (body.length > bodyBytesMax) return send(res, intake.refuse('body_too_large', { max: bodyBytesMax }))
    send(res, await intake.receive(body, req.headers['stripe-signature'] as string | undefined, endpoint))
  }
}

function bytesOf(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' ? Buffer.from(value) : null
}

type Failed = 'body_already_parsed' | 'body_too_large' | 'request_torn'

async function stream(req: NodeRequest, bodyBytesMax: number): Promise<Buffer | Failed> {
  if (req.readableDidRead || req.readableEnded || parsed(req.body)) return 'body_already_parsed'
  return new Promise((resolve) => readBody(req, { bodyBytesMax }, resolve))
}

// body-parser leaves an empty object where it parsed nothing, and the stream untouched.
const parsed = (body: unknown): boolean =>
  body !== undefined && body !== null && !(typeof body === 'object' && Object.keys(body).length === 0)

/** What to add, by framework. Nest runs on Express and cannot be told from it. */
export const LINES = {
  express: "app.use('/webhooks/stripe', express.raw({ type: '*/*' })), placed before express.json()",
  nest: 'NestFactory.create(AppModule, { rawBody: true })',
  next: 'export const config = { api: { bodyParser: false } }, in the file of the API route',
  fastify:
    "app.addContentTypeParser('application/json', (_request, _payload, done) => done(null)), in a plugin of its own with this route",
} as const

/** Express puts `baseUrl` on a request, Next puts `query`, `cookies` and `preview`; Fastify puts nothing. */
function remedyFor(req: NodeRequest): { where: string; line: string } {
  if ('baseUrl' in req)
    return { where: 'a body parser of Express ran first', line: `Add: ${LINES.express}. In NestJS: ${LINES.nest}.` }
  if ('query' in req && 'cookies' in req && 'preview' in req)
    return { where: 'the body parser of Next ran first', line: `Add: ${LINES.next}.` }
  const own = 'In a server of your own: hand the request over unread, or keep its bytes in request.rawBody.'
  return { where: 'something read the stream first', line: `In Fastify: ${LINES.fastify}. ${own}` }
}

/** Fastify's own pair looks like Node's until it is written to. */
function assertNodes(req: NodeRequest, res: ServerResponse): void {
  if (typeof req?.on !== 'function' || typeof res?.writeHead !== 'function') throw failure('request_foreign')
}

function send(res: ServerResponse, answer: Answer): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(answer.status, answer.headers as string[])
  res.end(answer.body)
}

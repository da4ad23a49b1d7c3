import type { IncomingMessage, ServerResponse } from 'node:http'
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
 * The intake as a `(req, res)` handler, for a route of Express, Next or a server of one's own. It needs the bytes as
 * Stripe sent them: from the stream, from `rawBody`, or from a `body` that is still bytes or text. A parsed body is
 * refused with the line to add.
 */
export function nodeHandler(intake: Intake, options: AdapterOptions = {}): NodeHandler {
  const { endpoint = null, bodyBytesMax = BODY_BYTES_MAX } = options

  return async (req, res) => {
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

export const EXPRESS_LINE = "app.use('/webhooks/stripe', express.raw({ type: '*/*' })), placed before express.json()"
export const NEXT_LINE = 'export const config = { api: { bodyParser: false } }, in the file of the API route'

/**
 * Express puts `app` on a request, Next puts `query`, `cookies` and `env`; another framework gets both lines to choose
 * from.
 */
function remedyFor(req: NodeRequest): { where: string; line: string } {
  if ('app' in req && 'baseUrl' in req)
    return { where: 'a body parser of Express ran first', line: `Add: ${EXPRESS_LINE}.` }
  if ('query' in req && 'cookies' in req && 'preview' in req) {
    return { where: 'the body parser of Next ran first', line: `Add: ${NEXT_LINE}.` }
  }
  return { where: 'something read the stream first', line: `Express: ${EXPRESS_LINE}. Next: ${NEXT_LINE}.` }
}

function send(res: ServerResponse, answer: Answer): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(answer.status, answer.headers as string[])
  res.end(answer.body)
}

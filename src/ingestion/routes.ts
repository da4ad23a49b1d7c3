import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { addressOf, type Sender } from './address.ts'
import { type Answer, healthy } from './answer.ts'
import { discard, readBody } from './body.ts'
import type { Intake } from './intake.ts'
import type { PlainRequest } from './plain.ts'
import type { Rejections } from './rejections.ts'
import type { Unverified } from './unverified.ts'

export interface Routing {
  readonly intake: Intake
  readonly rejections: Rejections
  readonly unverified: Unverified
  readonly bodyBytesMax: number
  readonly trustProxy: boolean
  /** Answers close their connection from then on. */
  readonly closing: () => boolean
}

export interface Routes {
  /** Any request: answered as it stands, or read, received and answered. */
  readonly serve: (req: IncomingMessage, res: ServerResponse) => void
  /** One that was read whole off its socket: what to answer; null when it is not for an endpoint that we know. */
  readonly receive: (request: PlainRequest, socket: Socket) => Answer | Promise<Answer> | null
}

export function createRoutes({ intake, rejections, unverified, bodyBytesMax, trustProxy, closing }: Routing): Routes {
  function serve(req: IncomingMessage, res: ServerResponse): void {
    const path = pathOf(req.url ?? '')
    const endpoint = endpointOf(path)
    const answer = path === '/healthz' ? health(req) : turnedAway(req, endpoint)
    if (answer) {
      send(req, res, answer)
      discard(req)
    } else receive(req, res, endpoint ?? null)
  }

  function receivePlain({ target, signature, forwarded, body }: PlainRequest, socket: Socket) {
    const endpoint = endpointOf(pathOf(target))
    if (endpoint === undefined || body.length > bodyBytesMax) return null
    if (endpoint !== null && !intake.knows(endpoint)) return null
    const answer = intake.receive(body, signature, endpoint)
    if (!(answer instanceof Promise)) noteRefused(answer, { forwarded, remote: socket.remoteAddress })
    return answer
  }

  function turnedAway(req: IncomingMessage, endpoint: string | null | undefined): Answer | null {
    if (endpoint === undefined) return intake.refuse('path_unknown')
    if (req.method !== 'POST') return notAllowed(req, 'POST')
    return endpoint === null || intake.knows(endpoint) ? null : intake.refuse('endpoint_unknown')
  }

  function receive(req: IncomingMessage, res: ServerResponse, endpoint: string | null): void {
    const address = () => addressOf(senderOf(req), trustProxy)
    readBody(req, { bodyBytesMax, unverified, address }, (body) => {
      // Nobody is left to be answered, and `broken.ts` has counted it.
      if (body === 'request_torn') return
      if (body === 'body_too_large') {
        send(req, res, intake.refuse(body, { max: bodyBytesMax }))
        return
      }
      const answer = intake.receive(body, req.headers['stripe-signature'] as string | undefined, endpoint)
      if (answer instanceof Promise) answer.then((later) => send(req, res, later))
      else send(req, res, answer)
    })
  }

  function health(req: IncomingMessage): Answer {
    return req.method === 'GET' || req.method === 'HEAD' ? healthy : notAllowed(req, 'GET, HEAD')
  }

  function notAllowed(req: IncomingMessage, allowed: string): Answer {
    return intake.refuse('method_not_allowed', { allowed, method: req.method ?? '' })
  }

  function noteRefused({ code, status }: Answer, sender: Sender): void {
    if (code !== null && status < 500) rejections.add(addressOf(sender, trustProxy), code, status)
  }

  function send(req: IncomingMessage, res: ServerResponse, answer: Answer): void {
    const { status, headers, body } = answer
    noteRefused(answer, senderOf(req))
    if (res.destroyed) return
    if (closing()) res.shouldKeepAlive = false
    res.writeHead(status, headers as string[])
    res.end(body)
  }

  return { serve, receive: receivePlain }
}

function senderOf(req: IncomingMessage): Sender {
  const forwarded = req.headers['x-forwarded-for']
  return { forwarded: forwarded === undefined ? undefined : String(forwarded), remote: req.socket.remoteAddress }
}

const PREFIX = '/webhooks/stripe'

// Stripe's own way to change an endpoint's API version is a second one with the same address and a query behind it.
function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** Null: the bare path. Undefined: another path. */
function endpointOf(path: string): string | null | undefined {
  if (path === PREFIX) return null
  if (!path.startsWith(`${PREFIX}/`)) return undefined
  try {
    return decodeURIComponent(path.slice(PREFIX.length + 1)) || null
  } catch {
    return undefined
  }
}

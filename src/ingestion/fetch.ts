import type { Answer } from './answer.ts'
import { BODY_BYTES_MAX } from './body.ts'
import type { Intake } from './intake.ts'
import type { AdapterOptions } from './node.ts'

export type FetchHandler = (request: Request) => Promise<Response>

/**
 * The intake as a function from `Request` to `Response`: Next's app router, Hono, Bun-like servers, and whatever else
 * speaks fetch.
 */
export function fetchHandler(intake: Intake, options: AdapterOptions = {}): FetchHandler {
  const { endpoint = null, bodyBytesMax = BODY_BYTES_MAX } = options

  return async (request) => {
    const { method } = request
    if (method !== 'POST') return respond(intake.refuse('method_not_allowed', { allowed: 'POST', method }))
    if (request.bodyUsed) return respond(intake.refuse('body_already_parsed', { where: READ_BEFORE, line: CLONE }))

    const body = await bytesOf(request, bodyBytesMax)
    if (typeof body === 'string') return respond(intake.refuse(body, { max: bodyBytesMax }))
    return respond(await intake.receive(body, request.headers.get('stripe-signature') ?? undefined, endpoint))
  }
}

const READ_BEFORE = 'request.json() or another reader ran first'
export const CLONE =
  'Put this route before what reads bodies, or let that read request.clone() (in Hono: c.req.raw.clone()) instead.'

async function bytesOf(request: Request, max: number): Promise<Buffer | 'body_too_large' | 'request_torn'> {
  if (Number(request.headers.get('content-length')) > max) return 'body_too_large'
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > max) return 'body_too_large'
      chunks.push(chunk)
    }
  } catch {
    return 'request_torn'
  }
  return Buffer.concat(chunks, length)
}

function respond({ status, headers, body }: Answer): Response {
  const named = new Headers()
  for (let i = 0; i < headers.length; i += 2) named.append(headers[i] as string, headers[i + 1] as string)
  return new Response(new Uint8Array(body), { status, headers: named })
}

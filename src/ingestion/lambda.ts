import { http } from '../core/http.ts'
import type { Answer } from './answer.ts'
import { BODY_BYTES_MAX } from './body.ts'
import type { Intake } from './intake.ts'
import type { AdapterOptions } from './node.ts'

/** An HTTP request as AWS hands it over: API Gateway (REST and HTTP APIs), function URLs, an Application Load Balancer. */
export interface LambdaEvent {
  readonly version?: string
  readonly httpMethod?: string
  readonly requestContext?: { readonly http?: { readonly method?: string }; readonly elb?: unknown }
  readonly headers?: Readonly<Record<string, string | undefined>> | null
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null
  readonly body?: unknown
  readonly isBase64Encoded?: boolean
}

/** What all of them take. Only a load balancer with multi-value headers wants these, and then these alone. */
export interface LambdaResult {
  readonly statusCode: number
  readonly statusDescription?: string
  readonly headers?: Record<string, string>
  readonly multiValueHeaders?: Record<string, string[]>
  readonly body: string
  readonly isBase64Encoded: false
}

export type LambdaHandler = (event: LambdaEvent) => Promise<LambdaResult>

/** The intake as a handler of AWS Lambda. Whatever the path, it is the webhook route: what leads here is the gateway's business. */
export function lambdaHandler(intake: Intake, options: AdapterOptions = {}): LambdaHandler {
  const { endpoint = null, bodyBytesMax = BODY_BYTES_MAX } = options

  async function answer(event: LambdaEvent): Promise<Answer> {
    const method = event.requestContext?.http?.method ?? event.httpMethod ?? ''
    if (method !== 'POST') return intake.refuse('method_not_allowed', { allowed: 'POST', method })
    const body = bytesOf(event, bodyBytesMax)
    if (body === 'body_already_parsed') return intake.refuse(body, { where: MAPPED, line: UNMAPPED })
    if (body === 'body_too_large') return intake.refuse(body, { max: bodyBytesMax })
    return intake.receive(body, headerOf(event, 'stripe-signature'), endpoint)
  }

  return async (event) => resultOf(await answer(event), event)
}

const MAPPED = 'a mapping template of API Gateway ran first'
const UNMAPPED =
  'Use a Lambda proxy integration, or hand over $util.base64Encode($input.body) with isBase64Encoded: true.'

function bytesOf({ body, isBase64Encoded }: LambdaEvent, max: number) {
  if (body === null || body === undefined) return Buffer.alloc(0)
  if (typeof body !== 'string') return 'body_already_parsed'
  // Four characters are three bytes.
  const encoded = isBase64Encoded === true
  if (body.length > (encoded ? Math.ceil(max / 3) * 4 : max)) return 'body_too_large'
  const bytes = Buffer.from(body, encoded ? 'base64' : 'utf8')
  return bytes.length > max ? 'body_too_large' : bytes
}

/** Several of one name are joined as Node joins them. */
function headerOf({ headers, multiValueHeaders }: LambdaEvent, name: string): string | undefined {
  for (const [key, values] of Object.entries(multiValueHeaders ?? {}))
    if (key.toLowerCase() === name && values) return values.join(', ')
  for (const [key, value] of Object.entries(headers ?? {})) if (key.toLowerCase() === name) return value
  return undefined
}

function resultOf({ status, headers, body }: Answer, event: LambdaEvent): LambdaResult {
  const named: Record<string, string> = {}
  for (let i = 0; i < headers.length; i += 2) named[headers[i] as string] = headers[i + 1] as string
  const result = { statusCode: status, body: body.toString(), isBase64Encoded: false } as const
  if (event.requestContext?.elb === undefined) return { ...result, headers: named }

  const balanced = { ...result, statusDescription: `${status} ${http.STATUS_CODES[status]}` }
  if (!event.multiValueHeaders) return { ...balanced, headers: named }
  return { ...balanced, multiValueHeaders: Object.fromEntries(Object.entries(named).map(([k, v]) => [k, [v]])) }
}

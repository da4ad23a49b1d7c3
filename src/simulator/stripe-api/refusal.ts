/** An answer that is no success, as Stripe words it. The `stripe` package makes an error of one of its own classes from each. */
export class Refusal extends Error {
  readonly status: number
  readonly type: 'invalid_request_error' | 'idempotency_error'
  readonly code: string | null
  readonly param: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, detail: Detail = {}) {
    super(message)
    this.status = status
    this.type = detail.type ?? 'invalid_request_error'
    this.code = detail.code ?? null
    this.param = detail.param ?? null
    this.headers = detail.headers ?? {}
  }
}

interface Detail {
  readonly type?: Refusal['type']
  readonly code?: string
  readonly param?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The body of such an answer. */
export function told(refusal: Refusal, requestId: string, livemode: boolean): object {
  const { type, code, message, param } = refusal
  return {
    error: {
      ...(code && { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
      message,
      ...(param && { param }),
      request_log_url: `https://dashboard.stripe.com/${livemode ? '' : 'test/'}logs/${requestId}`,
      type,
    },
  }
}

export const keyMissing = (): Refusal =>
  new Refusal(
    401,
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    { headers: { 'www-authenticate': 'Bearer realm="Stripe"' } },
  )

export const keyWrong = (key: string): Refusal =>
  new Refusal(401, `Invalid API Key provided: ${masked(key)}`, {
    headers: { 'www-authenticate': 'Bearer realm="Stripe"' },
  })

const masked = (key: string): string => `${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.slice(-4)}`

export const accountUnknown = (account: string, key: string): Refusal =>
  new Refusal(
    403,
    `The provided key '${masked(key)}' does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`,
    { code: 'account_invalid' },
  )

/** `param` is `id` where the address names the object: then, and only then, the status is 404. */
export const noSuch = (kind: string, id: string, param = 'id'): Refusal =>
  new Refusal(param === 'id' ? 404 : 400, `No such ${kind}: '${id}'`, { code: 'resource_missing', param })

export const unknownUrl = (method: string, path: string, more = ''): Refusal =>
  new Refusal(
    404,
    `Unrecognized request URL (${method}: ${path}). If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. Please see https://stripe.com/docs or we can help at https://support.stripe.com/.${more}`,
  )

export const unknownParameter = (param: string): Refusal =>
  new Refusal(400, `Received unknown parameter: ${param}`, { code: 'parameter_unknown', param })

export const missingParameter = (param: string): Refusal =>
  new Refusal(400, `Missing required param: ${param}.`, { code: 'parameter_missing', param })

export const invalid = (message: string, param: string, code?: string): Refusal =>
  new Refusal(400, message, { param, code })

export const exclusive = (one: string, other: string): Refusal =>
  new Refusal(400, `Received both ${one} and ${other} parameters. Please pass in only one.`, {
    code: 'parameters_exclusive',
  })

export const otherParameters = (key: string): Refusal =>
  new Refusal(
    400,
    `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    { type: 'idempotency_error' },
  )

export const tooMany = (): Refusal =>
  new Refusal(
    429,
    'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
    {
      code: 'rate_limit',
      headers: { 'stripe-rate-limited-reason': 'global-rate' },
    },
  )

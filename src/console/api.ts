import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { validated } from '../actions/input.ts'
import { failure, HookkeeperError } from '../core/errors.ts'
import { openapi } from './openapi.ts'
import { type ApiDeps, defineRoute, type Route } from './route.ts'
import { actionRoute, unknownAction } from './routes/actions.ts'
import { event, events, journal, strays } from './routes/events.ts'
import { backup, healthz, metrics, readyz, status } from './routes/process.ts'
import { tail } from './routes/tail.ts'

/** What one call may send. */
export const INPUT_BYTES_MAX = 1024 * 1024

/** What the listener hands in beside the request. */
export interface ApiEnv {
  /** Aborts when the listener stops. */
  readonly ending?: AbortSignal
}

export type Api = Hono<{ Bindings: ApiEnv }>

/** The HTTP API of a process, in every role. Who may call it is the listener's business. */
export function createApi(deps: ApiDeps): Api {
  const api: Api = new Hono<{ Bindings: ApiEnv }>()
  for (const route of routesOf(deps)) {
    api.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), (context) =>
      answer(route, context, deps),
    )
  }
  api.notFound(({ req }) => errorResponse(failure('route_unknown', { method: req.method, path: req.path })))
  api.onError((error, { req }) => errorResponse(presentable(error, deps, { method: req.method, path: req.routePath })))
  return api
}

/** Every route, in the order in which they are tried. */
export function routesOf({ actions }: Pick<ApiDeps, 'actions'>): readonly Route[] {
  const routes: Route[] = [
    ...[healthz, readyz, metrics, events, event, strays, status, journal, tail({ open: 0 }), backup],
    ...actions.map(actionRoute),
    unknownAction,
  ]
  routes.push(description(() => openapi(routes, actions)))
  return routes
}

const description = (document: () => object) =>
  defineRoute({
    method: 'get',
    path: '/api/v1/openapi.json',
    about: 'This API as OpenAPI 3.1.',
    query: null,
    body: null,
    answer: z.looseObject({ openapi: z.literal('3.1.0') }),
    statuses: [],
    run: async () => document(),
  })

async function answer(route: Route, context: Context<{ Bindings: ApiEnv }>, deps: ApiDeps): Promise<Response> {
  const { req, env } = context
  const query = validated(route.query ?? NO_QUERY, queryOf(req.queries()), 'query_invalid')
  const body = route.body && validated(route.body, await readJson(req.raw), 'action_input')
  const signals = [req.raw.signal, env?.ending].filter((signal) => signal !== undefined)
  const signal = AbortSignal.any(signals)
  const call = { query, body, signal, param: (name: string) => req.param(name) ?? '' }
  const result = await route.run({ ...call, header: (name) => req.header(name) ?? null }, deps)
  return protect(result instanceof Response ? result : Response.json(result))
}

const NO_QUERY = z.strictObject({})

/** Each parameter once: of two values for one, nobody could say which was meant. */
function queryOf(queries: Record<string, string[]>): Record<string, string> {
  const twice = Object.keys(queries).find((name) => (queries[name]?.length ?? 0) > 1)
  if (twice !== undefined) throw failure('query_invalid', { what: `${twice.slice(0, 100)} is given more than once` })
  return Object.fromEntries(Object.entries(queries).map(([name, [value = '']]) => [name, value]))
}

async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')
  if (!/^application\/json\s*(;|$)/i.test(type ?? ''))
    throw failure('content_type_refused', { type: type?.slice(0, 100) ?? 'a body without a type' })
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    if ((bytes += chunk.length) > INPUT_BYTES_MAX) throw failure('input_too_large', { max: INPUT_BYTES_MAX })
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw failure('action_input', { what: 'The body is not JSON' })
  }
}

/** What a caller may see of an error. What we did not expect is logged by class and place: its message may quote anything. */
function presentable(error: Error, { log }: ApiDeps, at: object): HookkeeperError {
  if (error instanceof HookkeeperError && error.status !== null) return error
  const where = error.stack
    ?.split('\n')
    .find((line) => line.trimStart().startsWith('at '))
    ?.trim()
  log.error({ ...at, error: error.name, code: 'code' in error ? error.code : null, where }, 'a call failed')
  return failure('unexpected')
}

export function errorResponse({ code, message, remedy, status }: HookkeeperError): Response {
  return protect(Response.json({ error: { code, message, remedy } }, { status: status ?? 500 }))
}

/** Answers hold customers' data: no cache keeps them, and no browser takes them for a page. */
function protect(response: Response): Response {
  response.headers.set('cache-control', 'no-store')
  response.headers.set('x-content-type-options', 'nosniff')
  return response
}

import { z } from 'zod'
import type { Action } from '../actions/action.ts'
import { OPEN } from './door.ts'
import type { Route } from './route.ts'
import { ORDER } from './routes/actions.ts'
import { components, errorJson } from './schemas.ts'

type Schema = Record<string, unknown>

/** The API as OpenAPI 3.1, made from the very schemas that validate. */
export function openapi(routes: readonly Route[], actions: readonly Action[]): Schema {
  const paths: Record<string, Schema> = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route, actions) }
  return {
    openapi: '3.1.0',
    info: { title: 'Hookkeeper', version: 'v1', description: 'The private listener of a Hookkeeper process.' },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ token: [] }],
  }
}

function operation(route: Route, actions: readonly Action[]): Schema {
  const action = actions.find(({ name }) => route.path === `/api/v1/actions/${name}`)
  const body = action ? actionBody(action) : route.body && input(route.body)
  return {
    operationId: operationId(route),
    summary: route.about,
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: responses(route),
    ...(OPEN.has(route.path) && { security: [] }),
  }
}

const operationId = ({ method, path }: Route) =>
  `${method}${path.replace('/api/v1', '').replace(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`

const pathParameters = ({ path }: Route) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))

function queryParameters({ query }: Route): Schema[] {
  if (!query) return []
  const { properties = {}, required = [] } = input(query) as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema },
    ...(description !== undefined && { description }),
  }))
}

/** The action's own input with who and why beside it. */
function actionBody(action: Action): Schema {
  const own = input(action.input)
  const order = input(z.strictObject(ORDER))
  return { ...own, properties: { ...(own['properties'] as object), ...(order['properties'] as object) } }
}

function responses({ answer, statuses, path }: Route): Schema {
  const fine = typeof answer === 'string' ? { [answer]: { schema: { type: 'string' } } } : json(answer)
  const error = { description: 'What is wrong, and the remedy', content: json(errorJson) }
  // Not ready is an answer of its own, not an error.
  const other = path === '/readyz' ? { description: 'Not ready', content: fine } : error
  const entries = statuses.map((status) => [String(status), other])
  return { 200: { description: 'All is well', content: fine }, ...Object.fromEntries(entries), default: error }
}

const json = (schema: z.ZodType) => ({ 'application/json': { schema: reference(schema) } })

/** By its name where it has one. */
function reference(schema: z.ZodType): Schema {
  const id = components.get(schema)?.id
  return id ? { $ref: refTo(id) } : bare(z.toJSONSchema(schema))
}

const refTo = (id: string) => `#/components/schemas/${id}`

function componentSchemas(): Record<string, Schema> {
  const { schemas } = z.toJSONSchema(components, { uri: refTo })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]))
}

const input = (schema: z.ZodType): Schema => bare(z.toJSONSchema(schema, { io: 'input' }))

const bare = ({ $schema: _schema, $id: _id, ...schema }: Schema): Schema => schema

import { z } from 'zod'
import type { Action } from '../../actions/action.ts'
import { perform } from '../../actions/perform.ts'
import { failure } from '../../core/errors.ts'
import { type ApiDeps, type Call, defineRoute, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'

const query = z.strictObject({
  preview: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Says what would happen, and changes nothing'),
})

/** Who asks and why: beside the action's own input, kept in the journal. */
export const ORDER = {
  by: z.string().min(1).max(200).default('api').describe('Who wants it'),
  why: z.string().max(1000).default('').describe('Why'),
}

/** One route per action, so that OpenAPI describes the input of each. */
export const actionRoute = (action: Action): Route =>
  defineRoute({
    method: 'post',
    path: `/api/v1/actions/${action.name}`,
    about: action.about,
    query,
    body: z.looseObject(ORDER),
    answer: schemas.performed,
    statuses: [404, 409],
    run: (call, deps) => run(action, call, deps),
  })

type Input = Record<string, unknown> & { by: string; why: string }

function run(action: Action, { query: { preview }, body }: Call<{ preview: boolean }, Input>, { hands }: ApiDeps) {
  const { by, why, ...input } = body
  return perform(action, input, { by, why, preview }, hands)
}

/** What is left of the path's names is no action. */
export const unknownAction = defineRoute({
  method: 'post',
  path: '/api/v1/actions/{name}',
  about: 'Any other name: 404 with the names that there are.',
  query,
  body: null,
  answer: schemas.performed,
  statuses: [404],
  async run({ param }, { actions }) {
    throw failure('action_unknown', { name: param('name'), names: actions.map(({ name }) => name).join(', ') })
  },
})

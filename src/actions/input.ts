import { z } from 'zod'
import { failure } from '../core/errors.ts'

/** What the schema makes of an input. Rejects an unknown key with the list of known ones, anything else with its place. */
export function validated<S extends z.ZodType>(
  schema: S,
  input: unknown,
  code: 'action_input' | 'query_invalid',
): z.output<S> {
  const { success, data, error } = schema.safeParse(input)
  if (success) return data
  throw failure(code, { what: explained(error, known(schema)) })
}

function explained(error: z.ZodError, names: readonly string[]): string {
  const [issue] = error.issues
  if (!issue) return 'The input is not valid'
  if (issue.code === 'unrecognized_keys')
    return `There is no ${issue.keys.join(', ').slice(0, KEYS_SHOWN_MAX)}; there are ${names.join(', ') || 'none'}`
  const where = issue.path.join('.')
  return where ? `${where}: ${issue.message}` : issue.message
}

const KEYS_SHOWN_MAX = 200

const known = (schema: z.ZodType): string[] => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])

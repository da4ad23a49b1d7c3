import { z } from 'zod'
import { type Note, notes, schema } from './schema.ts'

/** One setting as the schema describes it. */
export interface Setting extends Note {
  /** `ingestion.port` */
  readonly name: string
  readonly path: readonly string[]
  /** The environment variables that fill it. */
  readonly variables: readonly string[]
  readonly fallback: unknown
}

/** All settings, in the order of the schema. */
export function settings(): readonly Setting[] {
  return (all ??= walk(schema, [], schema.parse({})))
}

let all: readonly Setting[] | undefined

function walk(node: unknown, path: readonly string[], fallback: unknown): Setting[] {
  const note = notes.get(node as z.ZodType)
  if (note) return [describe(note, path, fallback)]
  const object = node instanceof z.ZodPrefault ? node.unwrap() : node
  const { shape } = object as z.ZodObject
  return Object.entries(shape).flatMap(([key, child]) =>
    walk(child, [...path, key], (fallback as Record<string, unknown>)[key]),
  )
}

function describe(note: Note, path: readonly string[], fallback: unknown): Setting {
  const derived = `HOOKKEEPER_${path.join('_').replace(/[A-Z]/g, (letter) => `_${letter}`)}`.toUpperCase()
  return { ...note, name: path.join('.'), path, variables: (note.env ?? derived).split(', '), fallback }
}

import { z } from 'zod'
import { DEAD_REASONS, DONE_REASONS, STATES } from '../core/outcome.ts'
import type { Chapter, Entry } from '../store/store.ts'

const instant = z.iso.datetime().describe('ISO 8601, UTC')

/** An event as the API, `events --json` and the library show it. */
export const eventSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  account: z.string(),
  connected: z.string().nullable(),
  livemode: z.boolean(),
  endpoint: z.string(),
  via: z.enum(['webhook', 'sweep', 'queue']),
  lane: z.string(),
  object: z.string().nullable(),
  customer: z.string().nullable(),
  state: z.enum(STATES),
  held: z.string().nullable(),
  attempts: z.int().min(0),
  created: instant,
  received: instant,
  due: instant.nullable(),
  done: instant.nullable(),
  reason: z.enum([...DONE_REASONS, ...DEAD_REASONS]).nullable(),
  twinOf: z.string().nullable(),
})

export type EventJson = z.output<typeof eventSchema>

export function eventJson(entry: Entry): EventJson {
  const { id, type, tenant, endpoint, via, lane, object, customer, state, held, attempts, reason, twinOf } = entry
  const { account, connected, livemode } = tenant
  return {
    ...{ id, type, account, connected, livemode, endpoint, via, lane, object, customer, state, held, attempts },
    created: iso(entry.createdAt),
    received: iso(entry.receivedAt),
    due: isoOrNull(entry.dueAt),
    done: isoOrNull(entry.doneAt),
    reason,
    twinOf,
  }
}

const errorNote = z.strictObject({
  name: z.string(),
  code: z.string().nullable(),
  handler: z.string().nullable(),
  message: z.string(),
})

export const chapterSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('attempt'),
    attempt: z.int(),
    fence: z.number(),
    start: instant,
    end: instant.nullable(),
    worker: z.string(),
    release: z.string(),
    outcome: z.enum(['running', 'done', 'retry', 'wait', 'dead', 'lost', 'given-back']),
    reason: z.string().nullable(),
    due: instant.nullable(),
    error: errorNote.nullable(),
  }),
  z.strictObject({ kind: z.literal('move'), at: instant, to: z.string(), by: z.string(), why: z.string() }),
])

export type ChapterJson = z.output<typeof chapterSchema>

export function chapterJson(chapter: Chapter): ChapterJson {
  if (chapter.kind === 'move') {
    const { kind, at, to, by, why } = chapter
    return { kind, at: iso(at), to, by, why }
  }
  const { startedAt, endedAt, dueAt, ...rest } = chapter
  return { ...rest, start: iso(startedAt), end: isoOrNull(endedAt), due: isoOrNull(dueAt) }
}

export const iso = (at: number): string => new Date(at).toISOString()
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at))

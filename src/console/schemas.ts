import { z } from 'zod'
import { chapterSchema, eventSchema } from './event-json.ts'

/** What the API answers, by name: validated in tests, published in OpenAPI. */
export const components = z.registry<{ id: string }>()

const named = <S extends z.ZodType>(id: string, schema: S): S => {
  components.add(schema, { id })
  return schema
}

const page = <S extends z.ZodType>(of: S) =>
  z.strictObject({ data: z.array(of), next: z.string().nullable().describe('The cursor of the next page') })

const instant = z.iso.datetime()

export const errorJson = named(
  'Error',
  z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string() }) }),
)

export const event = named('Event', eventSchema)
export const chapter = named('Chapter', chapterSchema)
export const events = named('Events', page(event))
export const story = named(
  'Story',
  eventSchema.extend({ timeline: z.array(chapter), body: z.unknown().optional().describe('Only with body=true') }),
)

export const stray = named(
  'Stray',
  z.strictObject({
    id: z.int(),
    at: instant,
    source: z.string(),
    why: z.string(),
    bytes: z.int().min(0).describe('How many there are'),
    body: z.base64().optional().describe('Only with body=true'),
  }),
)
export const strays = named('Strays', page(stray))

export const journalEntry = named(
  'JournalEntry',
  z.strictObject({
    n: z.int(),
    at: instant,
    by: z.string(),
    action: z.string(),
    verdict: z.string(),
    why: z.string(),
    data: z.unknown(),
    hash: z.string(),
  }),
)
export const journal = named('Journal', page(journalEntry))

const list = z.array(z.string()).optional()
export const control = named(
  'Control',
  z.strictObject({
    id: z.string(),
    kind: z.enum(['pause', 'reroute']),
    target: z.strictObject({ types: list, lanes: list, accounts: list, destination: z.string().optional() }),
    by: z.string(),
    why: z.string(),
    at: instant,
    expires: instant,
  }),
)

const count = z.int().min(0)
export const backlog = named(
  'Backlog',
  z.strictObject({
    ready: count,
    scheduled: count,
    held: count,
    running: count,
    dead: count,
    readyOldestMs: z.number().min(0),
  }),
)

const finding = z.strictObject({
  level: z.enum(['ok', 'warn', 'refuse']),
  what: z.string(),
  remedy: z.string().nullable(),
})

export const status = named(
  'Status',
  z.strictObject({
    ok: z.boolean(),
    roles: z.array(z.string()),
    backlog,
    broker: z
      .strictObject({
        name: z.string(),
        backlog: z
          .strictObject({ waiting: count, oldestMs: z.number().min(0) })
          .nullable()
          .describe('What it holds that is not in the ledger yet; null when it could not be asked'),
        spooled: count.nullable().describe("What waits on this machine's disk for it; null without a spool"),
        findings: z
          .array(z.strictObject({ level: z.enum(['wrong', 'worth']), what: z.string(), remedy: z.string() }))
          .nullable(),
      })
      .nullable()
      .describe('Null without one: intake admits straight into the ledger'),
    store: z.strictObject({ name: z.string(), findings: z.array(finding) }),
    controls: z.array(control),
    incidents: z.array(z.never()).describe('None without the oversight role'),
  }),
)

export const readiness = named('Readiness', z.strictObject({ ok: z.boolean(), why: z.array(z.string()) }))
export const health = named('Health', z.strictObject({ ok: z.literal(true) }))
export const backedUp = named('BackedUp', z.strictObject({ path: z.string(), bytes: count }))

const preview = z.strictObject({
  what: z.string(),
  rows: count,
  more: z.boolean(),
  skipped: count,
  ids: z.array(z.string()),
  types: z.record(z.string(), count),
  customers: count,
  controls: z.array(z.string()),
  repair: z
    .strictObject({ superseded: count, gone: count, money: z.record(z.string(), z.int()) })
    .nullable()
    .describe('Only of a replay by release. Money: each object once, in minor units by currency'),
})
const receipt = z.strictObject({
  what: z.string(),
  rows: count,
  ids: z.array(z.string()),
  controls: z.array(z.string()),
})
export const performed = named(
  'Performed',
  z.strictObject({
    action: z.string(),
    verdict: z.enum(['previewed', 'applied']),
    preview: preview.nullable(),
    receipt: receipt.nullable(),
    verified: z.boolean().nullable(),
    journal: z.int().nullable(),
  }),
)

import { z } from 'zod'
import { filters, one } from '../../actions/selection.ts'
import { failure } from '../../core/errors.ts'
import type { Story } from '../../store/store.ts'
import { chapterJson, eventJson, iso } from '../event-json.ts'
import { defineRoute } from '../route.ts'
import * as schemas from '../schemas.ts'

const LIMIT_MAX = 1000
const LIMIT = `a whole number from 1 to ${LIMIT_MAX} is wanted`

const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const paging = {
  limit: z.coerce.number(LIMIT).int(LIMIT).min(1, LIMIT).max(LIMIT_MAX, LIMIT).default(50),
  cursor: z.string().min(1).max(1000).optional().describe('`next` of the page before'),
}
const query = z.strictObject({
  id: z.string().min(1).max(500).optional(),
  ...filters.shape,
  held: flag.optional(),
  livemode: flag.optional(),
  superseded: flag.optional(),
  ...paging,
})

export const events = defineRoute({
  method: 'get',
  path: '/api/v1/events',
  about: 'Events, newest first. `since` and `until` are about when they were received.',
  query,
  body: null,
  answer: schemas.events,
  statuses: [],
  async run({ query }, { store }) {
    const { data, next } = await store.ledger.find(query)
    return { data: data.map(eventJson), next }
  },
})

export const event = defineRoute({
  method: 'get',
  path: '/api/v1/events/{id}',
  about:
    'One event with its timeline. Where several tenants have the id, `account`, `connected` (empty: none) and `livemode` tell them apart.',
  query: z.strictObject({
    account: z.string().max(500).optional(),
    connected: z.string().max(500).optional(),
    livemode: flag.optional(),
    body: flag.optional(),
  }),
  body: null,
  answer: schemas.story,
  statuses: [404, 409, 410],
  async run({ query, param }, { store }) {
    const id = param('id')
    const { ref } = await one(store.ledger, id, query)
    const story = await store.ledger.open(ref)
    // Retention may have taken it between the two looks.
    if (!story) throw failure('event_unknown', { id })
    const timeline = story.timeline.map(chapterJson)
    return { ...eventJson(story.entry), timeline, ...(query.body && { body: bodyOf(story) }) }
  },
})

function bodyOf({ entry, body }: Story): unknown {
  if (!body) throw failure('body_gone', { id: entry.id })
  return JSON.parse(Buffer.from(body).toString('utf8'))
}

export const strays = defineRoute({
  method: 'get',
  path: '/api/v1/strays',
  about: 'What arrived and was no event that could be kept as one, newest first.',
  query: z.strictObject({ ...paging, body: flag.optional() }),
  body: null,
  answer: schemas.strays,
  statuses: [],
  async run({ query }, { store }) {
    const { data, next } = await store.ledger.strays(query.cursor ?? null, query.limit)
    const shown = data.map(({ id, at, source, why, bytes }) => ({
      ...{ id, at: iso(at), source, why, bytes: bytes.length },
      ...(query.body && { body: Buffer.from(bytes).toString('base64') }),
    }))
    return { data: shown, next }
  },
})

export const journal = defineRoute({
  method: 'get',
  path: '/api/v1/journal',
  about: 'What was done by whom, newest first.',
  query: z.strictObject(paging),
  body: null,
  answer: schemas.journal,
  statuses: [],
  async run({ query }, { store }) {
    const { data, next } = await store.journal.page(query.cursor ?? null, query.limit)
    return { data: data.map((entry) => ({ ...entry, at: iso(entry.at) })), next }
  },
})

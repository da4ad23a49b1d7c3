import type { Command } from 'commander'
import type { EventJson } from '../console/event-json.ts'
import { failure } from '../core/errors.ts'
import { type Common, type Context, command, configOf } from './context.ts'
import { filtersOf, withFilters } from './filters.ts'
import { type Reach, reach } from './reach.ts'
import { rowOf, storyText } from './story.ts'
import { columns, painter, paintWord, tame } from './terminal.ts'

const PAGE = 200

/** `events` lists, `events <id>` shows one, `events --strays` what was no event. */
export const events = (context: Context): Command =>
  withFilters(command('events', 'List events, newest first; with an id, show that one with its attempts'))
    .argument('[id]')
    .option('--limit <n>', 'how many; `all` follows every page', '50')
    .option('--cursor <cursor>', 'go on where an earlier listing stopped')
    .option('--strays', 'what arrived and was no event that could be kept as one')
    .option('--body', "show Stripe's bytes too")
    .action(async (id: string | undefined, options: Options) => {
      const api = await reach(await configOf(options, context), context)
      try {
        if (id !== undefined) return await show(id, options, api, context)
        await (options.strays ? strays : list)(options, api, context)
      } finally {
        await api.close()
      }
    })

interface Options extends Common {
  readonly limit: string
  readonly cursor?: string
  readonly strays?: boolean
  readonly body?: boolean
}

export interface Page<V> {
  readonly data: readonly V[]
  readonly next: string | null
}

async function list(options: Options, api: Reach, context: Context): Promise<void> {
  const { out, clock } = context
  const paint = painter(out.colour)
  const query = filtersOf(options, clock)
  const next = await pages<EventJson>(
    options,
    (paging) => api.get('/api/v1/events', { ...query, ...paging }),
    (data) =>
      out.write(
        options.json
          ? data.map((event) => `${JSON.stringify(event)}\n`).join('')
          : block(columns(data.map(rowOf), (text, n) => (n === 1 ? paintWord(paint, text.trim(), text) : tame(text)))),
      ),
  )
  more(next, context)
}

interface Stray {
  readonly id: number
  readonly at: string
  readonly source: string
  readonly why: string
  readonly bytes: number
  readonly body?: string
}

async function strays(options: Options, api: Reach, context: Context): Promise<void> {
  const { out } = context
  const body = options.body || undefined
  const next = await pages<Stray>(
    options,
    (paging) => api.get('/api/v1/strays', { body, ...paging }),
    (data) =>
      out.write(
        options.json
          ? data.map((stray) => `${JSON.stringify(stray)}\n`).join('')
          : block(
              columns(
                data.map(({ id, at, source, why, bytes }) => [String(id), at, source, `${bytes} bytes`, tame(why)]),
              ),
            ),
      ),
  )
  more(next, context)
}

/** Hands out page after page until there are enough; resolves to the cursor where it stopped. */
async function pages<V>(
  { limit, cursor }: Options,
  load: (paging: { limit: number; cursor: string | null }) => Promise<Page<V>>,
  show: (data: readonly V[]) => void,
): Promise<string | null> {
  let left = limit === 'all' ? Number.POSITIVE_INFINITY : Number(limit)
  if (!(left >= 1)) throw failure('flag_invalid', { what: `--limit ${limit} is neither a number from 1 on nor all` })
  let next: string | null = cursor ?? null
  do {
    const page: Page<V> = await load({ limit: Math.min(PAGE, left), cursor: next })
    show(page.data)
    left -= page.data.length
    next = page.next
  } while (next !== null && left > 0)
  return next
}

const block = (text: string) => (text === '' ? '' : `${text}\n`)

function more(next: string | null, { err }: Context): void {
  if (next !== null && err.tty) err.write(`There are more: --cursor ${next}\n`)
}

async function show(id: string, options: Options, api: Reach, { out, clock }: Context): Promise<void> {
  const { account, connected, livemode } = filtersOf(options, clock)
  const query = { account, connected, livemode, body: options.body || undefined }
  const story = await api.get<Parameters<typeof storyText>[0]>(`/api/v1/events/${encodeURIComponent(id)}`, query)
  out.write(options.json ? `${JSON.stringify(story)}\n` : storyText(story, painter(out.colour)))
}

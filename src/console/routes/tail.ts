import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { failure } from '../../core/errors.ts'
import type { Change, Ledger } from '../../store/store.ts'
import { iso } from '../event-json.ts'
import { defineRoute } from '../route.ts'

/** Each open tail reads the ledger's changes by itself. */
export const TAILS_MAX = 16
const PAGE = 200
const POLL_MS = 250
/** Proxies end a connection on which nothing comes; a comment line is nothing to a reader. */
export const HEARTBEAT_MS = 15_000

const query = z.strictObject({
  cursor: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('Where an earlier tail stopped (its last `id`); else from now on'),
})

/** How many tails are open, in one process. */
export interface Tails {
  open: number
}

export const tail = (tails: Tails) =>
  defineRoute({
    method: 'get',
    path: '/api/v1/tail',
    about: 'Changes of events as they happen, as server-sent events named `change`; at least once after a reconnect.',
    query,
    body: null,
    answer: 'text/event-stream',
    statuses: [503],
    async run({ query, header, signal }, { store, clock }) {
      if (tails.open >= TAILS_MAX) throw failure('tails_full', { max: TAILS_MAX })
      const from = header('last-event-id') ?? query.cursor ?? (await store.ledger.changes('now', 0)).next
      const stream = changeStream({ ledger: store.ledger, clock, from, tails }, signal)
      return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } })
    },
  })

interface Tail {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly from: string
  readonly tails: Tails
}

/** Reads on only as fast as the client does: a slow one costs us nothing but the cursor. */
function changeStream({ ledger, clock, from, tails }: Tail, signal: AbortSignal): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  const ended = AbortSignal.any([signal, gone.signal])
  let cursor = from
  let started = false
  const end = () => {
    if (started) tails.open--
    started = false
    gone.abort()
  }
  return new ReadableStream(
    {
      async pull(controller) {
        // Counted at the first read and not before: an answer that nobody reads (HEAD) is no tail. Of several that came at
        // once all may have found the last place free: the later ones end here, and find none when they come again.
        if (!started && tails.open >= TAILS_MAX) return controller.close()
        if (!started) tails.open++
        started = true
        const page = await nextPage(ledger, clock, cursor, ended).catch((error) => {
          // A stream that fails is not cancelled: its seat is given back here.
          end()
          throw error
        })
        if (ended.aborted) {
          end()
          return controller.close()
        }
        cursor = page?.next ?? cursor
        controller.enqueue(encoder.encode(page ? written(page.data, page.next) : ': still here\n\n'))
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

const encoder = new TextEncoder()

/** The next changes; null when none came for a heartbeat, or when it is over. */
async function nextPage(ledger: Ledger, clock: Clock, cursor: string, ended: AbortSignal) {
  for (let waitedMs = 0; waitedMs < HEARTBEAT_MS && !ended.aborted; waitedMs += POLL_MS) {
    const page = await ledger.changes(cursor, PAGE)
    if (page.data.length > 0) return page
    await pause(clock, POLL_MS, ended)
  }
  return null
}

function pause(clock: Clock, ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      ended.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    ended.addEventListener('abort', done)
    if (ended.aborted) done()
  })
}

/** The last change of a page carries its cursor as `id`, which a browser's EventSource sends back by itself. */
const written = (data: readonly Change[], next: string): string =>
  data
    .map((change, n) => `${n === data.length - 1 ? `id: ${next}\n` : ''}event: change\ndata: ${json(change)}\n\n`)
    .join('')

const json = ({ id, type, tenant, at, kind, reason }: Change) =>
  JSON.stringify({ id, type, ...tenant, at: iso(at), kind, reason })

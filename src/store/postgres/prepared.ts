import type { PoolClient } from 'pg'

interface Known {
  readonly name: string
  readonly answerMs: number
}

const statements = new Map<string, Known>()

/** A server that has not answered by then is asked by another connection: its machine may be gone without a word. */
const ANSWER_MS = 30_000

/**
 * A statement that is asked over and over: where that can be, a connection parses and plans it once, and not for each handful
 * of events again, which would cost several times what the statement does. Its text, to be asked as any other.
 */
export function prepared(name: string, text: string, answerMs = ANSWER_MS): string {
  statements.set(text, { name: `hookkeeper_${name}`, answerMs })
  return text
}

/** What is known of a connection. */
interface Session {
  /** It leads to one server process for as long as it lives; a pooler in transaction mode gives each transaction another. */
  readonly keeps: boolean
  mode: 'auto' | 'generic'
}

const sessions = new WeakMap<PoolClient, Session>()

/** Asks on this connection, prepared where it was said to be and the connection bears it. */
export async function ask(client: PoolClient, text: string, values: unknown[]) {
  const session = sessions.get(client) ?? (await meet(client))
  const known = statements.get(text)
  const within = known && { query_timeout: known.answerMs }
  if (!session.keeps) return client.query({ text, values, ...within })
  await plans(client, session, known ? 'generic' : 'auto')
  return client.query(known ? { name: known.name, text, values, ...within } : { text, values })
}

/** Who a pooler says we are is not who serves us. */
async function meet(client: PoolClient): Promise<Session> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const session: Session = { keeps: rows[0]?.pid === (client as { processID?: number }).processID, mode: 'auto' }
  sessions.set(client, session)
  return session
}

/**
 * Ours hold for any number of rows, since each says by which index, and a plan is kept while its tables grow. Left to itself Postgres
 * would plan anew for each batch, which it expects to be smaller than an array of which it knows nothing, and would read whole tables
 * that were empty when it planned. Where there is no other way to read one the estimate is beyond all measure, which must not make it
 * compile the plan each time.
 */
async function plans(client: PoolClient, session: Session, mode: Session['mode']): Promise<void> {
  if (session.mode === mode) return
  await client.query(mode === 'generic' ? GENERIC : AUTO)
  session.mode = mode
}

const GENERIC = 'set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set jit = off'
const AUTO = 'reset plan_cache_mode; reset enable_seqscan; reset jit'

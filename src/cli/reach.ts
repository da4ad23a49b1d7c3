import { runningOn } from '../cluster/running.ts'
import type { Config } from '../config.ts'
import { ERRORS, type ErrorCode, failure, type HookkeeperError } from '../core/errors.ts'
import { ledgerName } from '../presets/database.ts'
import type { Context } from './context.ts'

/** The API of a ledger: of the process that keeps it, or, when none does, of this one for as long as the verb runs. */
export interface Reach {
  /** Null: nothing runs, the ledger was opened here. */
  readonly address: string | null
  get<V>(path: string, query?: Query): Promise<V>
  post<V>(path: string, body: object, query?: Query): Promise<V>
  /** The answer as it comes, for what does not end. */
  stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  close(): Promise<void>
}

/** Speaks to the process that runs, else opens the ledger. */
export async function reach(config: Config, context: Context): Promise<Reach> {
  const running = await runningOn(config)
  if (running) return remote({ address: running.private, token: running.token })
  const { openHere } = await import('./open-here.ts')
  return openHere(config, context)
}

/** Only the process that runs will do. Rejects with `not_running`. */
export async function reachRunning(config: Config): Promise<Reach & { readonly public: string | null }> {
  const running = await runningOn(config)
  if (!running) throw failure('not_running', { path: ledgerName(config.databaseUrl, config.cwd) })
  return { ...remote({ address: running.private, token: running.token }), public: running.public }
}

function remote({ address, token }: { address: string; token: string }): Reach {
  return overFetch(
    address,
    async () => {},
    (path, init) =>
      fetch(new URL(path, address), {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` },
      }),
  )
}

type Ask = (path: string, init: RequestInit) => Response | Promise<Response>

export function overFetch(address: string | null, close: () => Promise<void>, ask: Ask): Reach {
  const call = async (path: string, query: Query, init: RequestInit) => {
    const response = await ask(`${path}${queryString(query)}`, init)
    if (!response.ok) throw await refusalOf(response)
    return response
  }
  return {
    address,
    close,
    get: async <V>(path: string, query: Query = {}) => (await call(path, query, { method: 'GET' })).json() as V,
    async post<V>(path: string, body: object, query: Query = {}) {
      const headers = { 'content-type': 'application/json' }
      return (await call(path, query, { method: 'POST', headers, body: JSON.stringify(body) })).json() as V
    },
    async stream(path, signal) {
      const { body } = await call(path, {}, { method: 'GET', signal })
      return body ?? new ReadableStream({ start: (controller) => controller.close() })
    },
  }
}

type Query = Readonly<Record<string, unknown>>

function queryString(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)] as [string, string]))}`
}

/** The same error here that the API met there. */
async function refusalOf(response: Response): Promise<HookkeeperError> {
  const said = (await response.json().catch(() => null)) as { error?: Partial<HookkeeperError> } | null
  const { code, message, remedy } = said?.error ?? {}
  const known = typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : 'store_failed'
  const error = failure(known, { what: `the API answered ${response.status}` })
  return Object.defineProperties(error, {
    message: { value: message ?? error.message },
    remedy: { value: remedy ?? error.remedy },
  })
}

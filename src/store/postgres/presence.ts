import { systemClock } from '../../core/clock.ts'
import { openClient } from './driver.ts'

/** A server process that serves this one alone, and when it began: together no other connection has them. */
export interface Session {
  readonly pid: number
  readonly since: string
}

type Client = Awaited<ReturnType<typeof openClient>>

/** Where connections break by themselves one more says little, and its silence counts for a while. */
const AGAIN_MS = 10_000

/**
 * A connection that is kept for as long as the process lives and works. The server closes it when the process has ended, however that
 * ended, so that the others hear of a crash sooner than by its silence. Behind a pooler in transaction mode there is none to keep.
 */
export class Presence {
  readonly #url: string
  #client: Client | null = null
  #session: Session | null = null
  #begun = false
  #closed = false
  #changed: () => void = () => {}
  #cancel = () => {}

  constructor(url: string) {
    this.#url = url
  }

  get session(): Session | null {
    return this.#session
  }

  /** `changed` is called when there is another session than before, or none. */
  listen(changed: () => void): void {
    this.#changed = changed
  }

  begin(): void {
    if (this.#begun) return
    this.#begun = true
    void this.#open()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => {})
  }

  async #open(): Promise<void> {
    if (this.#closed) return
    const client = await openClient(this.#url, 'hookkeeper presence')
    this.#client = client
    client.on('error', () => {})
    client.on('end', () => this.#lost(client))
    try {
      await client.connect()
      const session = await sessionOf(client)
      if (this.#client !== client) return
      this.#session = session
      if (session) return this.#changed()
      // A pooler: it would keep a connection for nothing.
      await this.close()
    } catch {
      this.#lost(client)
    }
  }

  #lost(client: Client): void {
    if (this.#client !== client) return
    this.#client = null
    void client.end().catch(() => {})
    const had = this.#session !== null
    this.#session = null
    if (had) this.#changed()
    this.#cancel = systemClock.after(AGAIN_MS, () => void this.#open())
  }
}

async function sessionOf(client: Client): Promise<Session | null> {
  const { rows } = await client.query<Session>(
    'select pid, backend_start::text as since from pg_stat_get_activity(pg_backend_pid())',
  )
  const [session] = rows
  return session && session.pid === (client as { processID?: number }).processID ? session : null
}

import { type Client, KeptConnection } from './kept.ts'

/** A server process that serves this one alone, and when it began: together no other connection has them. */
export interface Session {
  readonly pid: number
  readonly since: string
}

/** Where connections break by themselves one more says little, and its silence counts for a while. */
const AGAIN_MS = 10_000

/**
 * A connection that is kept for as long as the process lives and works. The server closes it when the process has ended, however that
 * ended, so that the others hear of a crash sooner than by its silence. Behind a pooler in transaction mode there is none to keep.
 */
export class Presence {
  readonly #connection: KeptConnection
  #session: Session | null = null
  #begun = false
  #changed: () => void = () => {}

  constructor(url: string) {
    this.#connection = new KeptConnection({
      ...{ url, name: 'hookkeeper presence', againMs: AGAIN_MS },
      begin: (client) => this.#present(client),
      lost: () => this.#is(null),
    })
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
    void this.#connection.open()
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #present(client: Client): Promise<void> {
    const session = await sessionOf(client)
    // A pooler: it would keep a connection for nothing.
    if (!session) return this.close()
    this.#is(session)
  }

  #is(session: Session | null): void {
    if (session === this.#session) return
    this.#session = session
    this.#changed()
  }
}

async function sessionOf(client: Client): Promise<Session | null> {
  const { rows } = await client.query<Session>(
    'select pid, backend_start::text as since from pg_stat_get_activity(pg_backend_pid())',
  )
  const [session] = rows
  return session && session.pid === (client as { processID?: number }).processID ? session : null
}

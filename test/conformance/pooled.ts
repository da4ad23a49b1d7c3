import { pgbouncer } from '../services/pgbouncer.ts'
import { startPgBouncer } from '../services/pgbouncer-server.ts'
import type { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import type { Server } from './postgres.ts'

// Each trial is a role of its own, whose connections to the server are to end with it.
const SETTINGS = {
  auth_type: 'trust',
  auth_user: 'postgres',
  server_idle_timeout: '1',
  max_db_connections: '60',
}

export const skip = postgres.skip || pgbouncer.skip

/** Postgres behind a pooler in transaction mode, started at the first call. */
export function pooled(place: Place): () => Promise<Server> {
  let running: Promise<Server> | undefined
  const start = async (): Promise<Server> => {
    const { url } = await postgres.ready()
    return { url, pooled: (await startPgBouncer(place, url, SETTINGS)).url }
  }
  return () => (running ??= start())
}

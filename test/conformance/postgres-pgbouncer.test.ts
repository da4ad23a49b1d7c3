import { after } from 'node:test'
import { pgbouncer } from '../services/pgbouncer.ts'
import { startPgBouncer } from '../services/pgbouncer-server.ts'
import { Place } from '../services/place.ts'
import { postgres } from '../services/postgres.ts'
import { conforms, type Server } from './postgres.ts'

const place = new Place('pgbouncer-conformance')
after(() => place.end())
let running: Promise<Server> | undefined

// Each trial is a role of its own, whose connections to the server are to end with it.
const SETTINGS = {
  auth_type: 'trust',
  auth_user: 'postgres',
  server_idle_timeout: '1',
  max_db_connections: '60',
}

async function start(): Promise<Server> {
  const { url } = await postgres.ready()
  return { url, pooled: (await startPgBouncer(place, url, SETTINGS)).url }
}

conforms({
  name: 'postgres through PgBouncer in transaction mode',
  skip: postgres.skip || pgbouncer.skip,
  ready: () => (running ??= start()),
})

import { aptInstall, onPath } from './apt.ts'
import { sql } from './postgres-server.ts'
import { service } from './service.ts'

/** Asks a Postgres without a client's package. */
export const psql = await service('psql', {
  from: 'apt',
  env: 'TEST_PSQL',
  present: () => onPath('psql'),
  install: () => aptInstall('postgresql-client'),
  connect: async () => sql,
  start: async () => sql,
})

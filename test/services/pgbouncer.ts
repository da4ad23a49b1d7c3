import { pgbouncerProgram, startPgBouncer } from './pgbouncer-server.ts'
import { postgres } from './postgres.ts'
import { service } from './service.ts'

/** PgBouncer in transaction mode in front of `postgres`: skip where either is missing. */
export const pgbouncer = await service('pgbouncer', {
  from: 'apt',
  env: 'TEST_PGBOUNCER_URL',
  ...pgbouncerProgram,
  connect: async (url) => ({
    url,
    port: Number(new URL(url).port || 6432),
    pid: null,
    version: 'given',
    stop: async () => {},
  }),
  start: async (place) => startPgBouncer(place, (await postgres.ready()).url),
})

import { postgres18Server, postgresServer } from './postgres-server.ts'
import { service } from './service.ts'

/** The Postgres that most people run: the machine's own or Debian's. */
export const postgres = await service('postgres', postgresServer)

/** The newest, without lz4. */
export const postgres18 = await service('postgres-18', postgres18Server)

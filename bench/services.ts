import { Place } from '../test/services/place.ts'
import { postgresServer, postgresVersion, startPostgres, systemPrograms } from '../test/services/postgres-server.ts'
import { redisServer, redisVersion } from '../test/services/redis-server.ts'

export type ServiceName = 'redis' | 'postgres'

/** A real server for one run: fresh, durable, on loopback, with its data in a folder of its own on a real disk. */
export interface RunningService {
  readonly url: string
  /** Its first process; all CPU time of it and its children is the service's. */
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Starts one, and installs it where it is missing. Never one that runs already: what it is set to, and who else uses it, would be
 * part of every figure. `under` has to be a folder that every user may enter, since Postgres does not run as root.
 */
export async function startService(name: ServiceName, under: string): Promise<RunningService> {
  const place = new Place(`bench-${name}`, { under })
  try {
    const { url, pid } = name === 'redis' ? await redis(place) : await postgres(place)
    return { url, pid: pid ?? 0, stop: () => place.end() }
  } catch (error) {
    await place.end()
    throw error
  }
}

/** What the figures were measured with. */
export async function serviceVersions(): Promise<string> {
  if (!(await redisServer.present())) await redisServer.install()
  const programs = await postgresPrograms()
  return `Redis ${await redisVersion()}, PostgreSQL ${await postgresVersion(programs)}`
}

// More memory and fewer checkpoints than as it comes; what makes it durable is left alone.
const POSTGRES = { shared_buffers: '512MB', max_wal_size: '4GB' }

async function redis(place: Place) {
  if (!(await redisServer.present())) await redisServer.install()
  return redisServer.start(place)
}

async function postgres(place: Place) {
  return startPostgres(place, await postgresPrograms(), POSTGRES)
}

async function postgresPrograms(): Promise<string> {
  if (!(await postgresServer.present())) await postgresServer.install()
  return (await systemPrograms()) ?? ''
}

import { join } from 'node:path'
import { openPostgres } from '../../src/store/postgres.ts'
import { Up } from '../chaos/up.ts'
import type { Place } from '../services/place.ts'
import { startPostgres, systemPrograms } from '../services/postgres-server.ts'
import { startRedis } from '../services/redis-server.ts'

export const HANDLER_MS = 100

/** The product under test: who takes events, who works them, and whose memory is watched. */
export interface Stage {
  readonly ledger: string
  readonly port: number
  /** Resolves when it works with so many slots; whoever worked before has ended. */
  slots(count: number): Promise<void>
  /** The process that works. */
  readonly worker: Up
  readonly pids: () => Readonly<Record<string, number>>
  stop(): Promise<void>
}

export const STAGES: Readonly<Record<string, (place: Place) => Promise<Stage>>> = {
  /** Redis in front, Postgres behind, a process for each role. */
  async redis(place) {
    const redis = await startRedis(place)
    const postgres = await startPostgres(place, (await systemPrograms()) ?? '', { shared_buffers: '256MB' })
    await (await openPostgres({ url: postgres.url, migrates: true })).close()
    const env = { BROKER_URL: `${redis.url}?stream=hooks` }
    const up = async (role: string, more: Record<string, string> = {}) =>
      new Up({
        ...{ place, ledger: postgres.url, port: await place.port(), handlers: 'paced' },
        env: { ...COMMON, ...env, HOOKKEEPER_ROLES: role, ...more },
      }).started()
    const ingestion = await up('ingestion')
    return stage(postgres.url, Number(new URL(ingestion.origin).port), {
      start: (slots) => up('processing', slots),
      services: { ingestion: ingestion.pid, redis: redis.pid ?? 0, postgres: postgres.pid ?? 0 },
      end: () => ingestion.stop(),
    })
  },

  /** One process over a file. */
  async sqlite(place) {
    const ledger = join(await place.folder(), 'ledger.db')
    const port = await place.port()
    return stage(ledger, port, {
      start: (slots) => new Up({ place, ledger, port, handlers: 'paced', env: { ...COMMON, ...slots } }).started(),
      services: {},
      end: async () => {},
    })
  },
}

const COMMON = { PACED_MS: String(HANDLER_MS) }

interface Parts {
  readonly start: (env: Record<string, string>) => Promise<Up>
  readonly services: Readonly<Record<string, number>>
  readonly end: () => Promise<unknown>
}

async function stage(ledger: string, port: number, { start, services, end }: Parts): Promise<Stage> {
  let worker: Up | null = null
  const slots = async (count: number) => {
    await worker?.stop()
    worker = await start({ HOOKKEEPER_PROCESSING_CONCURRENCY: String(count) })
  }
  const working = (): Up => {
    if (!worker) throw new Error('Nobody works yet.')
    return worker
  }
  return {
    ...{ ledger, port, slots },
    get worker() {
      return working()
    },
    pids: () => ({ ...services, processing: working().pid }),
    async stop() {
      await end()
      await worker?.stop()
    },
  }
}

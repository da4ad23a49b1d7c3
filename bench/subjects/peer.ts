import { dirname } from 'node:path'
import { peerProgram } from '../peers/programs.ts'
import { type ServiceName, startService } from '../services.ts'
import { launch } from './launch.ts'
import type { Subject } from './subject.ts'

const BULLMQ = { file: 'express-bullmq.mjs', service: 'redis' } as const
const PG_BOSS = { file: 'fastify-pg-boss.mjs', service: 'postgres' } as const
const SYNC_ENGINE = { file: 'fastify-sync-engine.mjs', service: 'postgres' } as const

/** What people use instead. Those that are not timed only take events, as Hookkeeper does with `--role ingestion`. */
export const peers: readonly Subject[] = [
  peer('express-bullmq', 'Express 5 + stripe + BullMQ on Redis, appendfsync always', BULLMQ),
  peer('fastify-pg-boss', 'Fastify 5 + stripe + pg-boss on Postgres', PG_BOSS),
  peer('fastify-sync-engine', 'Fastify 5 + stripe-sync-engine on Postgres', SYNC_ENGINE),
  peer('express-bullmq-timed', 'the same with its worker', BULLMQ, { works: true }),
  peer('fastify-pg-boss-timed', 'the same with its worker, which polls', PG_BOSS, { works: true }),
  peer('fastify-pg-boss-notify-timed', 'the same, woken by NOTIFY', PG_BOSS, { works: true, notify: true }),
]

/** A peer's program in its own process, and a server of its own beside it, both fresh. */
function peer(name: string, about: string, what: { file: string; service: ServiceName }, more: object = {}): Subject {
  return {
    name,
    about,
    async start(options) {
      const program = await peerProgram(what.file)
      // Beside the subject's own folder, which is closed to the user that Postgres runs as.
      const service = await startService(what.service, dirname(options.dir))
      try {
        const running = await launch(name, program, { ...options, ...more, url: service.url })
        const stop = () => running.stop().finally(() => service.stop())
        return { ...running, services: [service.pid], stop }
      } catch (error) {
        await service.stop()
        throw error
      }
    },
  }
}

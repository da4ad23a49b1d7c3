import { dirname } from 'node:path'
import { startService } from '../services.ts'
import { launch } from './launch.ts'
import type { SubjectOptions } from './options.ts'
import type { Subject } from './subject.ts'

/** The product over a Postgres of its own, both fresh: `cpu` is of its process, `service_cpu` of the database. */
export function onPostgres(name: string, about: string, more: Partial<SubjectOptions> = {}): Subject {
  return {
    name,
    about,
    async start(options) {
      // Beside the subject's own folder, which is closed to the user that Postgres runs as.
      const service = await startService('postgres', dirname(options.dir))
      try {
        const running = await launchOver(service.url, name, { ...options, ...more })
        const stop = () => running.stop().finally(() => service.stop())
        return { ...running, services: [service.pid], url: service.url, stop }
      } catch (error) {
        await service.stop()
        throw error
      }
    },
  }
}

const PROGRAM = new URL('hookkeeper.mjs', import.meta.url)

/** One more process of the product, over a Postgres that is there. */
export const launchOver = (url: string, name: string, options: SubjectOptions) =>
  launch(name, PROGRAM, { ...options, url })

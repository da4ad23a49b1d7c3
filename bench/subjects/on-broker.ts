import { dirname } from 'node:path'
import { STANDS, type StandName, startBroker } from '../brokers/stand.ts'
import { type RunningService, startService } from '../services.ts'
import { launch } from './launch.ts'
import type { SubjectOptions } from './options.ts'
import type { Subject } from './subject.ts'

const PRODUCT = new URL('hookkeeper.mjs', import.meta.url)
const RAW = new URL('raw.ts', import.meta.url)

/** Each broker: with nothing around it, with the product that takes events, and with the whole way to a ledger in Postgres. */
export const onBrokers: readonly Subject[] = STANDS.flatMap((stand) => [
  over(stand, `${stand}-raw`, 'node:http + HMAC + its own batched append', { program: RAW }),
  over(stand, stand, 'Hookkeeper, --role ingestion, through it', { program: PRODUCT, roles: ['ingestion'] }),
  over(stand, `${stand}-cycle`, 'Hookkeeper, every role, through it into Postgres', { program: PRODUCT, ledger: true }),
])

interface What extends Partial<SubjectOptions> {
  readonly program: URL
  /** In a Postgres of its own. */
  readonly ledger?: boolean
}

/** A program over services of its own, all fresh: `cpu` is of its process, `service_cpu` of broker and database. */
function over(stand: StandName, name: string, about: string, { program, ledger, ...more }: What): Subject {
  return {
    name,
    about: `${stand}: ${about}`,
    async start(options) {
      // Beside the subject's own folder, which is closed to the user that Postgres runs as.
      const under = dirname(options.dir)
      const services: RunningService[] = []
      const stopAll = async () => void (await Promise.all(services.map((service) => service.stop())))
      try {
        services.push(await startBroker(stand, under))
        const brokerUrl = services[0]?.url ?? ''
        if (ledger) services.push(await startService('postgres', under))
        const url = services[1] ? { url: services[1].url } : {}
        const running = await launch(name, program, { ...options, ...more, brokerUrl, ...url })
        const stop = () => running.stop().finally(stopAll)
        return { ...running, services: services.map(({ pid }) => pid), ...url, stop }
      } catch (error) {
        await stopAll()
        throw error
      }
    },
  }
}

import type { Clock } from '../core/clock.ts'
import type { Logger, Service } from '../core/service.ts'
import type { Vault } from './vault.ts'

/** Keys are made two days ahead, so a look an hour misses no midnight. */
const EVERY_MS = 3_600_000
const AGAIN_MS = 60_000

/** Keeps a vault's keys: made ahead and destroyed in time while it runs. `start` rejects when today's cannot be had. */
export function keeper(vault: Pick<Vault, 'keep'>, { clock, log }: { clock: Clock; log: Logger }): Service {
  let running = false
  let cancel = () => {}
  let pass: Promise<void> = Promise.resolve()
  const plan = (ms: number) => {
    if (running) cancel = clock.after(ms, () => (pass = tick()))
  }
  const tick = () =>
    vault.keep().then(
      () => plan(EVERY_MS),
      (error: Error) => {
        log.warn({}, `vault: ${error.message}`)
        plan(AGAIN_MS)
      },
    )
  return {
    async start() {
      if (running) return
      await vault.keep()
      running = true
      plan(EVERY_MS)
    },
    async stop() {
      running = false
      cancel()
      await pass
    },
  }
}

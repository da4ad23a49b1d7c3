import { working } from '../cluster/crew.ts'
import { type Live, parts, secretsOf } from '../cluster/parts.ts'
import { type ConfigInput, configure } from '../config.ts'
import type { VirtualClock } from '../core/clock.ts'
import { seeded } from '../core/random.ts'
import { type Logger, silent } from '../core/service.ts'
import { createHandlers, type Handlers } from '../processing/handlers.ts'
import type { Store } from '../store/store.ts'
import { createMeter } from '../telemetry/meter.ts'

/** What test clusters verify with. */
export const TEST_SECRET = 'whsec_hookkeeper_testing'

/** The settings that a test may want to change. */
export type Processing = ConfigInput['processing']

export interface ProcessOptions {
  readonly store: Store
  readonly clock: VirtualClock
  readonly seed: number
  readonly log?: Logger | undefined
  readonly processing?: Processing | undefined
}

/** One process of a cluster over a ledger: the product's own parts, no port open, nothing read from the environment. */
export interface TestProcess extends Live {
  readonly handlers: Handlers
}

export function createProcess({ store, clock, seed, log = silent, processing }: ProcessOptions): TestProcess {
  const given = { accounts: { default: { webhookSecrets: TEST_SECRET } }, release: 'test' }
  const config = configure({ ...given, ...(processing && { processing }) }, { env: {} })
  const handlers = createHandlers({ timeoutMs: config.processing.handlerMs, clock })
  const secrets = secretsOf(config)
  const base = { config, log, clock, random: seeded(seed), handlers, meter: createMeter(), openBroker: null }
  const ready = async () => ({ ok: true, why: [] })
  const needs = {
    store,
    away: () => null,
    broker: null,
    vault: null,
    roles: ['processing'] as const,
    secrets: () => secrets,
    config: () => config,
    ready,
    bare: false,
    working,
  }
  return { ...parts(base, needs), handlers }
}

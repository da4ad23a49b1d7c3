import type { TestContext } from 'node:test'
import type { ActionHands } from '../../src/actions/action.ts'
import { actions } from '../../src/actions/list.ts'
import { createApi } from '../../src/console/api.ts'
import type { ApiDeps, Readiness } from '../../src/console/route.ts'
import { VirtualClock } from '../../src/core/clock.ts'
import type { Logger } from '../../src/core/service.ts'
import type { Store } from '../../src/store/store.ts'
import { memoryStore } from '../actions/memory-store.ts'

/** An API over a store in memory, or another one, called without a socket. */
export function setUp(other: Store | null = null) {
  const clock = new VirtualClock()
  const memory = memoryStore(clock)
  const store = other ?? memory.store
  const lines: object[] = []
  const keep = (fields: object, message: string) => void lines.push({ ...fields, message })
  const log: Logger = { debug: keep, info: keep, warn: keep, error: keep }
  const readiness: { now: Readiness } = { now: { ok: true, why: [] } }
  let ids = 0
  const hands: ActionHands & ApiDeps['hands'] = {
    ...{ ledger: store.ledger, controls: store.controls, journal: store.journal, clock, log },
    controlId: () => `control_${++ids}`,
    destinations: () => [{ name: 'app', secondary: 'app2' }],
    poke: async () => {},
    meter: { acted() {} },
  }
  const deps: ApiDeps = {
    ...{ store, broker: null, clock, log, roles: ['ingestion', 'processing'], actions, hands },
    ready: async () => readiness.now,
    metrics: async () => ({ type: 'text/plain; version=0.0.4', text: 'hookkeeper_up 1\n' }),
  }
  const api = createApi(deps)
  const get = async (path: string) => answered(await api.request(path))
  const post = async (path: string, body: unknown, headers: object = { 'content-type': 'application/json' }) =>
    answered(
      await api.request(path, {
        ...{ method: 'POST', headers: { ...headers } },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    )
  return { ...memory, clock, deps, api, get, post, lines, readiness }
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
  readonly text: string
}

async function answered(response: Response): Promise<Answered> {
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : null
  return { status: response.status, headers: response.headers, json, text }
}

/** Whatever is given is stopped when the test ends. */
export function stopping<S extends { stop(): Promise<void> }>(context: TestContext, service: S): S {
  context.after(() => service.stop())
  return service
}

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { actions } from '../actions/list.ts'
import type { Config } from '../config.ts'
import { createApi } from '../console/api.ts'
import { failure } from '../core/errors.ts'
import { silent } from '../core/service.ts'
import { ledgerFile, openStore } from '../presets/database.ts'
import type { Destination } from '../processing/forward.ts'
import type { Context } from './context.ts'
import { overFetch, type Reach } from './reach.ts'

/** Nobody keeps the ledger just now, or it is a server that many keep: so this verb does, with the same API and no listener. */
export async function openHere(config: Config, { clock }: Context): Promise<Reach> {
  const { databaseUrl, databaseDirectUrl: directUrl, cwd, retention, ephemeral } = config
  const path = ledgerFile(databaseUrl, cwd)
  if (path && !existsSync(path)) throw failure('not_running', { path })
  const migrate = config.migrate === 'apply'
  const store = await openStore(databaseUrl, { cwd, directUrl, clock, retention, ephemeral, migrate })
  const hands = {
    ledger: store.ledger,
    controls: store.controls,
    journal: store.journal,
    clock,
    log: silent,
    meter: { acted() {} },
    controlId: () => randomUUID(),
    destinations: () => destinationsOf(config.forward),
    async poke() {},
  }
  const deps = {
    store,
    broker: null,
    clock,
    log: silent,
    roles: [],
    ready: async () => ({ ok: false, why: ['Nothing runs.'] }),
    metrics: async () => ({ type: 'text/plain', text: '' }),
    actions,
    hands,
  }
  const api = createApi(deps)
  return overFetch(
    null,
    () => store.close(),
    (request, init) => api.request(request, init),
  )
}

/** Those of a gateway. Where handlers of one's own send to, the processes that work know: their API is asked instead. */
const destinationsOf = ({ to, secondary }: Config['forward']): Destination[] =>
  to === null ? [] : [{ name: new URL(to).host, secondary: secondary && new URL(secondary).host }]

import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { failure } from '../../core/errors.ts'
import type { Control } from '../../store/store.ts'
import { iso } from '../event-json.ts'
import { type ApiDeps, type BrokerFace, defineRoute } from '../route.ts'
import * as schemas from '../schemas.ts'

export const healthz = defineRoute({
  method: 'get',
  path: '/healthz',
  about: 'This process lives. Needs no token.',
  query: null,
  body: null,
  answer: schemas.health,
  statuses: [],
  run: async () => ({ ok: true }),
})

export const readyz = defineRoute({
  method: 'get',
  path: '/readyz',
  about: 'This process can do its work; else 503 and what stands in the way. Needs no token.',
  query: null,
  body: null,
  answer: schemas.readiness,
  statuses: [503],
  async run(_call, { ready }) {
    const readiness = await ready()
    return Response.json(readiness, { status: readiness.ok ? 200 : 503 })
  },
})

export const metrics = defineRoute({
  method: 'get',
  path: '/metrics',
  about: 'Metrics for Prometheus.',
  query: null,
  body: null,
  answer: 'text/plain',
  statuses: [],
  async run(_call, deps) {
    const { type, text } = await deps.metrics()
    return new Response(text, { headers: { 'content-type': type } })
  },
})

export const status = defineRoute({
  method: 'get',
  path: '/api/v1/status',
  about: 'How it goes: what waits, what the store says of itself, what is paused or rerouted.',
  query: null,
  body: null,
  answer: schemas.status,
  statuses: [],
  run: async (_call, deps) => statusOf(deps),
})

async function statusOf({ store, broker, roles, ready }: ApiDeps) {
  const [{ ok }, backlog, findings, controls, front] = await Promise.all([
    ready(),
    store.ledger.backlog(),
    store.check(),
    store.controls.live(),
    broker && frontOf(broker),
  ])
  const shown = controls.map(controlJson)
  return { ok, roles, backlog, broker: front, store: { name: store.name, findings }, controls: shown, incidents: [] }
}

const frontOf = async (broker: BrokerFace) => {
  const [measured, findings] = await Promise.all([broker.measure(), broker.check()])
  return { name: broker.name, ...measured, findings }
}

const controlJson = ({ at, expiresAt, ...rest }: Control) => ({ ...rest, at: iso(at), expires: iso(expiresAt) })

export const backup = defineRoute({
  method: 'post',
  path: '/api/v1/backup',
  about: 'Writes a consistent copy of the ledger to a path of this machine, while everything goes on.',
  query: null,
  body: z.strictObject({ path: z.string().min(1).max(4096).describe('Absolute; no file may be there yet') }),
  answer: schemas.backedUp,
  statuses: [409],
  async run({ body: { path } }, { store, log }) {
    // The caller's working directory is not ours.
    if (!isAbsolute(path)) throw failure('action_input', { what: `path: ${path} is not absolute` })
    const bytes = await store.backup(path)
    log.info({ path, bytes }, 'backup written')
    return { path, bytes }
  },
})

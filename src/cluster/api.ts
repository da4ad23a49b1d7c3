import { actions } from '../actions/list.ts'
import { type Api, createApi } from '../console/api.ts'
import type { ApiDeps } from '../console/route.ts'
import type { Meter } from '../telemetry/meter.ts'
import { createPrometheus } from '../telemetry/prometheus.ts'

/** The private listener's API, with all that it speaks for. */
export function apiOf(deps: Omit<ApiDeps, 'actions' | 'metrics'>, meter: Meter): Api {
  const metrics = createPrometheus({ meter, ledger: deps.store.ledger, broker: deps.broker, log: deps.log })
  return createApi({ ...deps, actions, metrics })
}

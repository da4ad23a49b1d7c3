import { cycle } from './cluster/cycle.ts'
import { dropping } from './cluster/dropping.ts'
import { idle } from './cluster/idle.ts'
import { ledgerAlone, pgBossAlone } from './cluster/queues.ts'
import { prepared, SHAPES, type ShapeName, waiting } from './cluster/waiting.ts'
import { workers } from './cluster/workers.ts'
import { alternate, type Bench, type Figures } from './harness.ts'
import { closedLoop } from './ingest.ts'
import { versions } from './peers.ts'
import type { Bar } from './rows.ts'
import { L } from './subjects/subject.ts'
import { taking } from './taking.ts'

const SMALL: ShapeName = 'waiting_10k'
const others = (Object.keys(SHAPES) as ShapeName[]).filter((name) => name !== SMALL)

/** The product over Postgres, all of it on this one machine: server, database and whoever sends. */
export const cluster: Bench = {
  name: 'cluster',
  about:
    'over Postgres: taking events, the whole way, the ledger alone beside pg-boss, more workers, much that waits, idle',
  reference: null,
  alternations: { full: 3, quick: 1 },
  bars: [
    { subject: 'postgres', metric: 'rate', atLeast: 0.6, of: L },
    { subject: 'postgres', metric: 'not_ok', atMost: 0, of: null },
    { subject: 'cycle', metric: 'rate', atLeast: 5_000, of: null },
    { subject: 'cycle', metric: 'settle_p50', atMost: 10, of: null },
    { subject: 'cycle', metric: 'settle_p99', atMost: 30, of: null },
    { subject: 'cycle', metric: 'undone', atMost: 0, of: null },
    { subject: 'pg-boss', metric: 'rate', atMost: 1 / 15, of: 'ledger' },
    { subject: 'workers_4', metric: 'rate', atLeast: 2.5, of: 'workers_1' },
    ...others.map((subject): Bar => ({ subject, metric: 'lease_settle', atMost: 1.5, of: SMALL })),
    ...[SMALL, ...others].map((subject): Bar => ({ subject, metric: 'backlog', atMost: 5, of: null })),
    { subject: 'idle', metric: 'queries', atMost: 2, of: null },
    { subject: 'idle', metric: 'start_direct_p99', atMost: 100, of: null },
    { subject: 'idle', metric: 'start_polling_p99', atMost: 1_100, of: null },
    { subject: 'dropping', metric: 'p99_times', atMost: 1.5, of: null },
  ],
  versions,
  async run(settings) {
    const ledgers = await prepared(settings)
    const subjects: Readonly<Record<string, () => Promise<Figures>>> = {
      [L]: () => taking(L, settings.dir, closedLoop(settings.quick)),
      postgres: () => taking('postgres', settings.dir, closedLoop(settings.quick)),
      cycle: () => cycle(settings),
      ledger: () => ledgerAlone(settings),
      'pg-boss': () => pgBossAlone(settings),
      workers_1: () => workers(1, settings),
      workers_4: () => workers(4, settings),
      ...Object.fromEntries([SMALL, ...others].map((name) => [name, () => waiting(ledgers.of(name), settings)])),
      idle: () => idle(settings),
      dropping: () => dropping(settings),
    }
    return alternate(Object.keys(subjects), settings, (name) => subjects[name]!()).finally(() => ledgers.remove())
  },
}

import { bareLoop } from './brokers/bare-loop.ts'
import { wholeWay } from './brokers/cycle.ts'
import { saturating } from './brokers/saturating.ts'
import { brokerVersions, STANDS, type StandName } from './brokers/stand.ts'
import { alternate, type Bench, type Figures, type Settings } from './harness.ts'
import type { Bar, Figure } from './rows.ts'
import { serviceVersions } from './services.ts'
import { taking } from './taking.ts'

/** What is asked of ingestion, beside the same server with the service's raw append. */
const TAKING = 0.85
/** What is asked of the whole way, beside Postgres alone, or beside the emulator alone. */
const WHOLE = 0.6
const POSTGRES = 'postgres-cycle'
const REAL = ['redis', 'kafka'] as const satisfies readonly StandName[]
const EMULATED = ['elasticmq', 'fauxqs', 'pubsub'] as const satisfies readonly StandName[]

const bars: readonly Bar[] = [
  ...STANDS.map((name): Bar => ({ subject: name, metric: 'rate', atLeast: TAKING, of: `${name}-raw` })),
  ...REAL.map((name): Bar => ({ subject: `${name}-cycle`, metric: 'rate', atLeast: WHOLE, of: POSTGRES })),
  ...EMULATED.map((name): Bar => ({ subject: `${name}-cycle`, metric: 'rate', atLeast: WHOLE, of: `${name}-loop` })),
  ...STANDS.map((name): Bar => ({ subject: name, metric: 'not_ok', atMost: 0, of: null })),
  ...[POSTGRES, ...STANDS.map((name) => `${name}-cycle`)].map(
    (subject): Bar => ({ subject, metric: 'undone', atMost: 0, of: null }),
  ),
]

/** What a broker in front of the ledger costs: each beside the least that one can do with the same service. */
export const brokers: Bench = {
  name: 'brokers',
  about: 'through each broker: taking events beside its raw append, the whole way beside Postgres alone or a bare loop',
  reference: null,
  alternations: { full: 3, quick: 1 },
  bars,
  versions: async () => `${await serviceVersions()}, ${await brokerVersions()}`,
  run: (settings) =>
    alternate(Object.keys(subjects), settings, (name, soFar) => (subjects[name] as Run)(settings, soFar)),
}

type Run = (settings: Settings, soFar: readonly Figure[]) => Promise<Figures>

/** Those that are compared stand next to one another, and so meet the same minute of the machine. */
const subjects: Readonly<Record<string, Run>> = Object.fromEntries([
  ...STANDS.flatMap((name) => [`${name}-raw`, name]).map((name) => [
    name,
    ({ dir, quick }: Settings) => taking(name, dir, saturating(quick)),
  ]),
  ...[POSTGRES, ...REAL.map((name) => `${name}-cycle`)].map(whole),
  ...EMULATED.flatMap((name) => [
    [`${name}-loop`, (settings: Settings) => bareLoop(name, settings)],
    whole(`${name}-cycle`),
  ]),
])

function whole(name: string): [string, Run] {
  return [
    name,
    async (settings, soFar) => {
      const figures = await wholeWay(name, settings)
      const alone = soFar.find(({ subject, metric }) => subject === POSTGRES && metric === 'rate')
      // An emulator may be faster than any database: then this says more than its bar.
      return alone ? { ...figures, of_postgres: [(figures['rate']?.[0] ?? Number.NaN) / alone.value, 'x'] } : figures
    },
  ]
}

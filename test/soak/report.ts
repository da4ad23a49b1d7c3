import { type Circumstances, headOf } from '../chaos/report.ts'
import { HANDLER_MS } from './stages.ts'
import { CAPACITY, FACTOR, type Phase, SLOTS, type Trial } from './trial.ts'

/** No process of ours may hold more, in MiB. */
const MEMORY_MAX_MIB = 512
const OURS = ['ingestion', 'processing']

interface Check {
  readonly what: string
  readonly found: string
  readonly holds: boolean
}

/** What a surge must not do, and what this one did. */
export function checks({ quiet, surge, lost, drainPerSecond, memory }: Trial): readonly Check[] {
  const bar = 0.9 * CAPACITY * FACTOR
  const others = { ...quiet.load.refused, ...surge.load.refused }
  const strange = Object.keys(others).filter((status) => status !== '503')
  const largest = Math.max(...memory.filter(({ name }) => OURS.includes(name)).map(({ peak }) => peak))
  return [
    { what: 'events lost: 0', found: `${lost}`, holds: lost === 0 },
    { what: 'no answer but 200 and 503', found: JSON.stringify(others), holds: strange.length === 0 },
    times('ingestion p99 under 4 x its steady value', [quiet.load.p99, surge.load.p99], 4),
    times('p99 recorded -> done of buyers at most 2 x quiet', [quiet.doneP99, surge.doneP99], 2),
    times('p99 sent -> handled of buyers at most 2 x quiet', [quiet.handledP99, surge.handledP99], 2),
    {
      what: `backlog drains at ${bar}/s or more`,
      found: `${drainPerSecond.toFixed(0)}/s`,
      holds: drainPerSecond >= bar,
    },
    {
      what: `no process of ours holds over ${MEMORY_MAX_MIB} MiB`,
      found: `${largest.toFixed(0)} MiB`,
      holds: largest <= MEMORY_MAX_MIB,
    },
  ]
}

function times(what: string, [before, now]: readonly [number, number], most: number): Check {
  return { what, found: `${ms(before)} -> ${ms(now)}, ${(now / before).toFixed(2)} x`, holds: now <= most * before }
}

/** The committed report, made by the command that it names. */
export function report(trials: readonly Trial[], circumstances: Circumstances): string {
  const lines = [
    '# Surge',
    '',
    `Handlers that bear ${CAPACITY} events a second (${SLOTS} slots of ${HANDLER_MS} ms) are sent ${CAPACITY * FACTOR} a second; then the one process that works is started anew with ${SLOTS * FACTOR} slots. Each event is of another customer; before the surge there is a quiet time at ${CAPACITY / 2} a second. Buyers are events of the class \`now\`: one in a hundred of the surge. Made by the command below, not by hand.`,
    '',
    ...headOf(circumstances),
    ...trials.flatMap(section),
  ]
  return `${lines.join('\n')}\n`
}

const ABOUT: Readonly<Record<string, string>> = {
  redis: 'Redis in front, Postgres behind, a process for each role',
  sqlite: 'SQLite, all in one process',
}

/** What one trial came to. */
export function section(trial: Trial): string[] {
  return [
    '',
    `## ${ABOUT[trial.stage]}`,
    '',
    '| promised | found | |',
    '|---|---|---|',
    ...checks(trial).map(({ what, found, holds }) => `| ${what} | ${found} | ${holds ? 'holds' : '**missed**'} |`),
    '',
    `${trial.answered200} deliveries were answered with 200, ${trial.recorded} events recorded, ${trial.worked} worked; the surge left ${trial.backlog}. Where others kept more than half a core busy the times are theirs too: ${busy(trial)}.`,
    '',
    '| | offered | 200 | 503 | ack p50 | ack p99 | ack p99.9 | buyers | recorded -> done p99 | sent -> handled p99 |',
    '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
    row('quiet', trial.quiet),
    row('surge', trial.surge),
    '',
    '| resident memory, MiB | after the quiet time | after the surge | when all was done | peak |',
    '|---|--:|--:|--:|--:|',
    ...trial.memory.map(
      ({ name, phases, peak }) =>
        `| ${name} | ${['quiet', 'surge', 'drained'].map((phase) => mib(phases[phase])).join(' | ')} | ${mib(peak)} |`,
    ),
  ]
}

const row = (name: string, { load, buyers, doneP99, handledP99 }: Phase): string =>
  `| ${name} | ${load.sent} | ${load.ok} | ${load.refused['503'] ?? 0} | ${ms(load.p50)} | ${ms(load.p99)} | ${ms(load.p999)} | ${buyers} | ${ms(doneP99)} | ${ms(handledP99)} |`

const busy = ({ quiet, surge, drainCores }: Trial): string =>
  Object.entries({ quiet: quiet.cores, surge: surge.cores, backlog: drainCores })
    .map(([name, { ours, foreign }]) => `${name} ${ours.toFixed(1)} cores, others ${foreign.toFixed(1)}`)
    .join('; ')

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`
const mib = (value: number | undefined): string => (value ?? Number.NaN).toFixed(0)

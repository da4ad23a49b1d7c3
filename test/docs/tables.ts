import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { actions } from '../../src/actions/list.ts'
import { configTable } from '../../src/config.ts'
import { routesOf } from '../../src/console/api.ts'
import { ceiling, defaultRetry } from '../../src/core/backoff.ts'
import { ERRORS } from '../../src/core/errors.ts'
import { silent } from '../../src/core/service.ts'
import { ROUTES, type Route } from '../../src/simulator/stripe-api/routes.ts'
import { createMeter } from '../../src/telemetry/meter.ts'
import { createPrometheus } from '../../src/telemetry/prometheus.ts'
import { brokerSuite } from '../../src/testing/broker-suite.ts'
import { holdSuite } from '../../src/testing/hold-suite.ts'
import { STORMS } from '../../src/testing/prove/plan.ts'
import { ABOUT } from '../../src/testing/prove/storms.ts'
import { type Kept, matrix, readKept } from '../conformance/kept.ts'
import { readAlerts } from '../deploy/alerts.ts'

/**
 * Tables in the documents that are made from the code. A document holds the place for one between
 * `<!-- table: name -->` and `<!-- end -->`; `npm run docs` fills it, a test compares.
 */
export const TABLES: Readonly<Record<string, () => string>> = {
  'errors-answered': () => errorTable((status) => status !== null),
  'errors-told': () => errorTable((status) => status === null),
  config: configTable,
  retry: retryTable,
  actions: actionTable,
  routes: routeTable,
  'simulated-api': simulatedTable,
  metrics: () => metrics,
  alerts: () => alerts,
  storms: stormTable,
  'broker-promises': () => promises('broker', brokerSuite),
  'lock-promises': () => promises('lock', holdSuite),
}

const metrics = await metricTable()
const alerts = await alertTable()
const PLACE = /<!-- table: ([\w-]+) -->\n[\s\S]*?<!-- end -->/g

/** A fenced block that shows a whole file: its first line ends in `file=` and the path. */
const SHOWN = /^(```\w+ file=(\S+)\n)[\s\S]*?^```$/gm

/** The document as it should be. Refuses a place for a table that nobody makes, and a file that is not there. */
export function filled(text: string, path: string): string {
  const shown = text.replace(SHOWN, (_, head: string, file: string) => `${head}${readFileSync(file, 'utf8')}\`\`\``)
  return shown.replace(PLACE, (_, name: string) => {
    const table = TABLES[name]
    if (table === undefined) throw new Error(`${path} has a place for the table ${name}, which does not exist.`)
    return `<!-- table: ${name} -->\n${table().trim()}\n<!-- end -->`
  })
}

export const placesIn = (text: string): string[] => [...text.matchAll(PLACE)].map(([, name]) => name ?? '')

/** Every document of the repository, by path. */
export async function readDocuments(): Promise<Map<string, string>> {
  const below = (await readdir('docs', { recursive: true })).map((file) => `docs/${file}`)
  const paths = [...(await readdir('.')), ...below].filter((path) => path.endsWith('.md')).sort()
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const)))
}

function errorTable(wanted: (status: number | null) => boolean): string {
  const rows = Object.entries(ERRORS).filter(([, { status }]) => wanted(status))
  const answered = rows.some(([, { status }]) => status !== null)
  const head = answered ? ['code', 'status', 'it says', 'what to do'] : ['code', 'it says', 'what to do']
  return table(
    head,
    rows.map(([code, { status, message, remedy }]) =>
      answered ? [`\`${code}\``, `${status}`, message, remedy] : [`\`${code}\``, message, remedy],
    ),
  )
}

function retryTable(): string {
  const attempts = Array.from({ length: defaultRetry.attempts - 1 }, (_, index) => index + 1)
  let soFar = 0
  const rows = attempts.map((attempt) => {
    const delay = ceiling(defaultRetry, attempt)
    soFar += delay
    return [`${attempt}`, spoken(delay), spoken(soFar)]
  })
  return table(
    ['failed attempt', 'next one after at most', 'since the first, at most'],
    [...rows, [`${defaultRetry.attempts}`, 'dead, `exhausted`', '']],
  )
}

function actionTable(): string {
  return table(
    ['action', 'tier', ''],
    actions.map(({ name, tier, about }) => [`\`${name}\``, `${tier}`, about]),
  )
}

function routeTable(): string {
  // The document has a section of its own for actions.
  const routes = routesOf({ actions: [] }).filter(({ path }) => !path.includes('/actions/'))
  return table(
    ['route', ''],
    routes.map(({ method, path, about }) => [`\`${method.toUpperCase()} ${path}\``, about]),
  )
}

function stormTable(): string {
  const rows = STORMS.map((storm) => [`\`${storm}\``, ABOUT[storm].when, ABOUT[storm].mend])
  return table(['storm', 'what happens', 'what to do about it'], rows)
}

/** Who kept what when it was last tried, and on which service. */
function promises(suite: Kept['suite'], asked: Parameters<typeof matrix>[0]): string {
  const all = readKept().filter((kept) => kept.suite === suite)
  const { head, rows } = matrix(asked, all)
  const services = all.map(({ driver, version }) => `- ${driver}: ${version}`).join('\n')
  return `${table(head, rows)}\n\nTried on:\n\n${services}`
}

/** A retrieval shares the row of its list. */
function simulatedTable(): string {
  const lists = new Set(ROUTES.filter(({ filters }) => filters).map(({ path }) => path))
  const listOf = ({ method, path }: Route) => (method === 'GET' ? (/^(.+)\/:\w+$/.exec(path)?.[1] ?? '') : '')
  const shared = ROUTES.filter((route) => lists.has(listOf(route)))
  const oneOf = (path: string) => shared.find((route) => listOf(route) === path)?.path.slice(path.length)
  const quoted = (code: string | undefined) => (code ? `\`${code}\`` : '')
  return table(
    ['route', 'one', 'filters of the list'],
    ROUTES.filter((route) => !shared.includes(route)).map(({ method, path, filters }) => [
      quoted(`${method} ${path}`),
      filters ? quoted(oneOf(path)) : '',
      (filters ?? []).map(quoted).join(', '),
    ]),
  )
}

/** Read off what Prometheus would read. */
async function metricTable(): Promise<string> {
  const nothing = { ready: 0, scheduled: 0, held: 0, running: 0, dead: 0, readyOldestMs: 0 }
  const broker = { name: 'broker', measure: async () => ({ backlog: { waiting: 0, oldestMs: 0 }, spooled: 0 }) }
  const ledger = { backlog: async () => nothing }
  const read = createPrometheus({ meter: createMeter(), ledger, broker, log: silent })
  const { text } = await read()
  const found = text.matchAll(/^# HELP (hookkeeper_\w+) (.*)\n# TYPE \S+ (\w+)$/gm)
  return table(
    ['metric', 'kind', ''],
    [...found].map(([, name, help, kind]) => [`\`${name}\``, kind ?? '', help ?? '']),
  )
}

async function alertTable(): Promise<string> {
  const rows = (await readAlerts()).map(({ alert, labels, annotations }) => [
    `\`${alert}\``,
    labels.severity,
    annotations.summary,
    annotations.runbook,
  ])
  return table(['alert', '', 'what it means', 'what to do'], rows)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

function spoken(ms: number): string {
  const parts = [
    [Math.floor(ms / 3_600_000), 'h'],
    [Math.floor(ms / 60_000) % 60, 'min'],
    [Math.floor(ms / 1000) % 60, 's'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { runningOn } from '../cluster/running.ts'
import { endpoints } from '../config.ts'
import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { silent } from '../core/service.ts'
import type { FaultRates } from '../simulator/faults.ts'
import type { SendReport } from '../simulator/report.ts'
import type { ApiShape } from '../simulator/shape.ts'
import type { Story } from '../simulator/story.ts'
import { type Common, type Context, command, configOf } from './context.ts'
import { milliseconds, natural, port, positive } from './numbers.ts'
import { columns } from './terminal.ts'

const API_SHAPES: readonly ApiShape[] = ['current', 'pre-basil']

interface Options extends Common {
  readonly to?: string
  readonly rate?: number
  readonly speed?: number
  readonly seed?: number
  readonly count?: number
  readonly for?: number
  readonly secret?: string
  readonly faults?: string | true
  readonly allTypes?: boolean
  readonly connect?: number
  readonly truth?: string
  readonly apiVersion?: ApiShape
  readonly port?: number
}

/**
 * Delivers the events of an invented merchant until they are used up, the time is over, or Ctrl-C; meanwhile its Stripe API
 * answers, and where a time was given it answers to the end of it.
 */
export const simulate = (context: Context): Command =>
  command('simulate', 'Deliver events of an invented merchant, signed and redelivered as Stripe does')
    .option('--to <url>', 'where to; default: the local ingestion')
    .option('--rate <n>', "deliveries a second, whatever the merchant's clock says", positive)
    .option('--speed <n>', "how much faster than ours the merchant's clock runs", positive)
    .option('--seed <n>', 'the same number makes the same events', natural)
    .option('--count <n>', 'end after so many events', natural)
    .option('--for <duration>', 'end after this long, such as 30s', milliseconds)
    .option('--secret <whsec>', 'sign with it, whsec_...; default: the first one configured')
    .option('--port <port>', "serve the merchant's Stripe API there, for STRIPE_API_BASE; 0 takes a free one", port)
    .option(
      '--faults [names]',
      'also late, doubled, shuffled, torn and forged deliveries; or those named: twin,dropped=0.1',
    )
    .option('--all-types', 'one event of every type that Stripe has, then end')
    .option('--connect <n>', 'so many sellers on Connect, whose events name their account', natural)
    .option('--truth <file>', 'write there what was made, sent and answered, a line of JSON for each event')
    .addOption(
      new Option('--api-version <shape>', 'how bodies look: as now, or as before 2025-03-31').choices(API_SHAPES),
    )
    .action(async (options: Options) => {
      // The configuration has a port, too, and it is another.
      const config = await configOf({ ...options, port: undefined }, context)
      const secret = options.secret ?? endpoints(config.accounts)[0]?.secrets[0]
      if (!secret) throw failure('secret_missing')
      const running = await runningOn(config)
      const to = options.to ?? `${running?.public ?? `http://127.0.0.1:${config.ingestion.port}`}/webhooks/stripe`
      const report = await deliver(to, secret, options, context)
      if (report.accepted.size === 0 && report.sent > 0) context.exit(1)
    })

async function deliver(to: string, secret: string, options: Options, context: Context): Promise<SendReport> {
  const { clock, err, out } = context
  const { simulate: begin } = await import('../simulator/simulate.ts')
  const { rate, speed, seed, count, port, apiVersion, allTypes: everyType } = options
  const truth = options.truth === undefined ? null : await openTruth(options.truth)
  const shape = { apiVersion, everyType, business: { connectedAccounts: options.connect ?? 0 } }
  const faults = await faultsOf(options.faults)
  const wish = { to, rate, speed, seed, count, port, ...shape, faults, secrets: [secret], onStory: truth?.write }
  const signal = AbortSignal.any([context.interrupted(), after(options.for, clock)])
  const simulation = begin({ ...wish, signal, clock, random: systemRandom, log: silent })
  const apiUrl = await simulation.apiUrl
  if (apiUrl) err.write(`the merchant's Stripe API: STRIPE_API_BASE=${apiUrl}\n`)
  const shown = err.tty ? setInterval(() => err.write(`\r${progress(simulation.stats())}`), 500) : undefined
  await simulation.done
  await truth?.close()
  // What was sent can be read as long as was asked for.
  if (apiUrl && options.for !== undefined && !signal.aborted) await once(signal, 'abort')
  const report = await simulation.stop()
  clearInterval(shown)
  if (err.tty) err.write('\r\x1b[K')
  out.write(options.json ? `${JSON.stringify(asJson(report, simulation.seed))}\n` : told(report, simulation.seed))
  return report
}

async function faultsOf(wish: Options['faults']): Promise<Partial<FaultRates>> {
  if (wish === undefined) return {}
  const { ratesOf, unruly } = await import('../simulator/faults.ts')
  if (wish === true) return unruly
  try {
    return ratesOf(wish)
  } catch (error) {
    throw failure('flag_invalid', { what: `--faults: ${(error as Error).message}` })
  }
}

/** A file that takes one line of JSON for each event. */
async function openTruth(path: string) {
  const file = createWriteStream(path)
  await once(file, 'open').catch((error: NodeJS.ErrnoException) => {
    throw failure('flag_invalid', { what: `--truth: ${path} cannot be written: ${error.code}` })
  })
  const written = finished(file)
  // A disk that fills up is told of at the end, when the sending is over.
  written.catch(() => {})
  return {
    write: (story: Story) => void file.write(`${JSON.stringify(story)}\n`),
    close: () => {
      file.end()
      return written
    },
  }
}

function after(ms: number | undefined, clock: Clock): AbortSignal {
  const over = new AbortController()
  if (ms !== undefined) clock.after(ms, () => over.abort())
  return over.signal
}

const progress = ({ sent, accepted, waiting }: SendReport) =>
  `sent ${sent}  accepted ${accepted.size}  waiting to be sent again ${waiting}`

const asJson = (report: SendReport, seed: number) => ({
  seed,
  sent: report.sent,
  accepted: report.accepted.size,
  refused: report.refused,
  retried: report.retried,
  gaveUp: report.gaveUp.size,
  dropped: report.dropped.size,
  ungenerated: report.ungenerated.size,
  withheld: report.withheld.size,
  badRefused: report.badRefused,
  badAccepted: report.badAccepted.size,
  latencyMs: report.latencyMs,
})

const disabled = ({ disabledAt, withheld }: SendReport): [string, string][] =>
  disabledAt === null ? [] : [['endpoint', `disabled after days of failures; ${withheld.size} events withheld`]]

function told(report: SendReport, seed: number): string {
  const refused = Object.entries(report.refused).map(([answer, count]) => `${answer}: ${count}`)
  const rows: [string, string][] = [
    ['seed', String(seed)],
    ['requests', String(report.sent)],
    ['events accepted', String(report.accepted.size)],
    ['refused', refused.join(', ') || '0'],
    ['given up', String(report.gaveUp.size)],
    ...disabled(report),
    ['torn or forged', `${report.badRefused} refused, ${report.badAccepted.size} accepted`],
    ['answered in', report.latencyMs ? `p50 ${report.latencyMs.p50} ms, p99 ${report.latencyMs.p99} ms` : 'never'],
  ]
  return `${columns(rows)}\n`
}

import type { Command } from 'commander'
import { findRunning, runFile } from '../cluster/running.ts'
import { endpoints } from '../config.ts'
import { failure } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { silent } from '../core/service.ts'
import { ledgerPath } from '../presets/sqlite.ts'
import type { SendReport } from '../simulator/report.ts'
import { type Common, type Context, command, configOf } from './context.ts'
import { milliseconds, natural, positive } from './numbers.ts'
import { columns } from './terminal.ts'

interface Options extends Common {
  readonly to?: string
  readonly rate?: number
  readonly speed?: number
  readonly seed?: number
  readonly count?: number
  readonly for?: number
  readonly secret?: string
  readonly faults?: boolean
}

/** Delivers the events of an invented merchant until they are used up, the time is over, or Ctrl-C. */
export const simulate = (context: Context): Command =>
  command('simulate', 'Deliver events of an invented merchant, signed and redelivered as Stripe does')
    .option('--to <url>', 'where to; default: the local ingestion')
    .option('--rate <n>', "deliveries a second, whatever the merchant's clock says", positive)
    .option('--speed <n>', "how much faster than ours the merchant's clock runs", positive)
    .option('--seed <n>', 'the same number makes the same events', natural)
    .option('--count <n>', 'end after so many events', natural)
    .option('--for <duration>', 'end after this long, such as 30s', milliseconds)
    .option('--secret <whsec_...>', 'sign with it; default: the first one configured')
    .option('--faults', 'also late, doubled, shuffled, torn and wrongly signed deliveries')
    .action(async (options: Options) => {
      const config = await configOf(options, context)
      const secret = options.secret ?? endpoints(config.accounts)[0]?.secrets[0]
      if (!secret) throw failure('secret_missing')
      const running = await findRunning(runFile(ledgerPath(config.databaseUrl, config.cwd)))
      const to = options.to ?? `${running?.public ?? `http://127.0.0.1:${config.ingestion.port}`}/webhooks/stripe`
      const report = await deliver(to, secret, options, context)
      if (report.accepted.size === 0 && report.sent > 0) context.exit(1)
    })

async function deliver(to: string, secret: string, options: Options, context: Context): Promise<SendReport> {
  const { clock, err, out } = context
  const [{ simulate: begin }, { unruly }] = await Promise.all([
    import('../simulator/simulate.ts'),
    import('../simulator/faults.ts'),
  ])
  const { rate, speed, seed, count, faults } = options
  const wish = { to, rate, speed, seed, count, secrets: [secret], faults: faults ? unruly : {} }
  const simulation = begin({ ...wish, signal: context.interrupted(), clock, random: systemRandom, log: silent })
  const shown = err.tty ? setInterval(() => err.write(`\r${progress(simulation.stats())}`), 500) : undefined
  const over = options.for === undefined ? () => {} : clock.after(options.for, () => void simulation.stop())
  const report = await simulation.done
  over()
  clearInterval(shown)
  if (err.tty) err.write('\r\x1b[K')
  out.write(options.json ? `${JSON.stringify(asJson(report, simulation.seed))}\n` : told(report, simulation.seed))
  return report
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
  badRefused: report.badRefused,
  badAccepted: report.badAccepted.size,
  latencyMs: report.latencyMs,
})

function told(report: SendReport, seed: number): string {
  const refused = Object.entries(report.refused).map(([answer, count]) => `${answer}: ${count}`)
  const rows: [string, string][] = [
    ['seed', String(seed)],
    ['requests', String(report.sent)],
    ['events accepted', String(report.accepted.size)],
    ['refused', refused.join(', ') || '0'],
    ['given up', String(report.gaveUp.size)],
    ['torn or forged', `${report.badRefused} refused, ${report.badAccepted.size} accepted`],
    ['answered in', report.latencyMs ? `p50 ${report.latencyMs.p50} ms, p99 ${report.latencyMs.p99} ms` : 'never'],
  ]
  return `${columns(rows)}\n`
}

import type { Backlog } from '../../store/store.ts'
import { columns, spoken } from '../terminal.ts'
import type { Sent } from './feed.ts'
import type { Counts } from './view.ts'

/** What there is to say when it is over. */
export interface Summary extends Sent {
  readonly elapsedMs: number
  readonly seed: number
  readonly counts: Counts
  readonly backlog: Backlog
  /** Sums of `invoice.paid` by currency, in minor units: what was sent and accepted, and what the handler booked. */
  readonly money: { readonly sent: Readonly<Record<string, number>>; readonly booked: Readonly<Record<string, number>> }
}

export function summaryText(summary: Summary): string {
  const { elapsedMs, seed, sent, accepted, repeats, refused, counts, backlog, money } = summary
  const left = backlog.ready + backlog.scheduled + backlog.held + backlog.running
  const rows: [string, string, string][] = [
    ['arrived', String(sent), `deliveries in ${spoken(elapsedMs)}, seed ${seed}`],
    ['recorded', String(accepted), 'events'],
    ['repeated', String(repeats), 'deliveries of events that were known: each is one row'],
    ['refused', String(refused), 'torn or wrongly signed'],
    ['done', String(counts.done), ''],
    ['retried', String(counts.retry), 'attempts that failed and were made again'],
    ['dead', String(counts.dead), 'dead letters, kept whole: `do replay` brings them back'],
    ['waiting', String(left), left === 0 ? 'nothing was left' : 'retries that were not due yet'],
  ]
  const width = Math.max(...rows.map(([, count]) => count.length))
  const table = columns(rows.map(([name, count, what]) => [`  ${name}`, count.padStart(width), what]))
  return `Hookkeeper demo\n\n${table}\n\n${currencies(money).map(moneyLine(money)).join('')}`
}

const currencies = ({ sent, booked }: Summary['money']) =>
  Object.keys({ ...sent, ...booked }).filter((currency) => sent[currency] || booked[currency])

const moneyLine =
  ({ sent, booked }: Summary['money']) =>
  (currency: string): string => {
    const [was, is] = [sent[currency] ?? 0, booked[currency] ?? 0]
    const verdict = was === is ? 'exactly what was sent' : `${amount(was, currency)} was sent; the rest still waits`
    return `  invoice.paid booked ${amount(is, currency)}, ${verdict}\n`
  }

/** Not every currency has cents. */
function amount(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' })
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2)).replace('\u00a0', ' ')
}

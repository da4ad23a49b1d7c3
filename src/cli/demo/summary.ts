import type { Backlog } from '../../store/store.ts'
import { columns, spoken } from '../terminal.ts'
import type { Sent } from './feed.ts'
import type { Reading } from './gauge.ts'
import type { Counts } from './view.ts'

/** What there is to say when it is over. */
export interface Summary extends Sent {
  /** Empty for a SQLite file and nothing else. */
  readonly topology: string
  readonly elapsedMs: number
  readonly seed: number
  readonly counts: Counts
  /** Null where there was none. */
  readonly broker: Reading | null
  /** Null: the ledger did not answer. */
  readonly backlog: Backlog | null
  /** Sums of `invoice.paid` by currency, in minor units: what was sent and accepted, and what the handler booked. */
  readonly money: { readonly sent: Sums; readonly booked: Sums | null }
}

type Sums = Readonly<Record<string, number>>

export function summaryText(summary: Summary): string {
  const { topology, elapsedMs, seed, sent, accepted, repeats, refused, later, counts, broker, backlog, money } = summary
  const left = backlog && backlog.ready + backlog.scheduled + backlog.held + backlog.running
  const rows: Row[] = [
    ['arrived', String(sent), `deliveries in ${spoken(elapsedMs)}, seed ${seed}`],
    ['recorded', String(accepted), 'events'],
    ['repeated', String(repeats), 'deliveries of events that were known: each is one row'],
    ['refused', String(refused), 'torn or wrongly signed'],
    ...(later > 0 ? [row('put off', later, 'answered 503, since they could not be recorded: they come again')] : []),
    ['done', String(counts.done), ''],
    ['retried', String(counts.retry), 'attempts that failed and were made again'],
    ['dead', String(counts.dead), 'dead letters, kept whole: `do replay` brings them back'],
    ['waiting', left === null ? '?' : String(left), leftover(left)],
  ]
  if (broker) rows.push(...leftIn(broker))
  const width = Math.max(...rows.map(([, count]) => count.length))
  const table = columns(rows.map(([name, count, what]) => [`  ${name}`, count.padStart(width), what]))
  return `Hookkeeper demo${topology && `: ${topology}`}\n\n${table}\n\n${currencies(money).map(moneyLine(money)).join('')}`
}

const leftover = (left: number | null): string =>
  left === null ? 'the ledger could not be asked' : left === 0 ? 'nothing was left' : 'retries that were not due yet'

type Row = [string, string, string]
const row = (name: string, count: number, what: string): Row => [name, String(count), what]

function leftIn({ name, waiting, spooled }: Reading): Row[] {
  const at = waiting === null ? `what waits in ${name} could not be asked` : `in ${name}`
  return [
    ['in broker', waiting === null ? '?' : String(waiting), at],
    ...(spooled === null ? [] : [row('spooled', spooled, 'on this disk, for the broker')]),
  ]
}

const currencies = ({ sent, booked }: Summary['money']) =>
  Object.keys({ ...sent, ...booked }).filter((currency) => sent[currency] || booked?.[currency])

const moneyLine =
  ({ sent, booked }: Summary['money']) =>
  (currency: string): string => {
    if (!booked)
      return `  invoice.paid sent ${amount(sent[currency] ?? 0, currency)}; what was booked could not be asked\n`
    const [was, is] = [sent[currency] ?? 0, booked[currency] ?? 0]
    const verdict = was === is ? 'exactly what was sent' : `${amount(was, currency)} was sent; the rest still waits`
    return `  invoice.paid booked ${amount(is, currency)}, ${verdict}\n`
  }

/** Not every currency has cents. */
function amount(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' })
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2)).replace('\u00a0', ' ')
}

import type { Backlog } from '../../store/store.ts'
import { type Colour, type Paint, painter, paintWord, short, spoken, tame, timeOfDay } from '../terminal.ts'
import type { Reading } from './gauge.ts'

/** All that the view shows of one instant. */
export interface Snapshot {
  readonly elapsedMs: number
  /** Such as `Redis before SQLite`; empty where there is nothing to say. */
  readonly topology: string
  /** Such as `seed 7`. */
  readonly note: string
  readonly public: string
  readonly private: string
  readonly received: Rate
  /** Null where events go straight into the ledger, and before it has answered. */
  readonly broker: Reading | null
  /** What waited in it, oldest first. */
  readonly waiting: readonly number[]
  readonly done: Rate
  readonly counts: Counts
  /** Null: the ledger does not answer. */
  readonly backlog: Backlog | null
  /** Newest first. */
  readonly last: readonly Happened[]
  readonly dead: readonly Happened[]
}

export interface Rate {
  readonly total: number
  readonly perSecond: number
  /** Oldest first. */
  readonly history: readonly number[]
}

export interface Counts {
  readonly done: number
  readonly repeat: number
  readonly retry: number
  readonly dead: number
  readonly refused: number
}

/** How one attempt ended. */
export interface Happened {
  readonly at: number
  readonly outcome: string
  readonly type: string
  readonly id: string
  readonly object: string | null
  readonly attempt: number
  readonly delayMs: number | null
  readonly why: string
}

export interface Frame {
  readonly columns: number
  readonly rows: number
  readonly colour: boolean
}

/** The whole screen as text: `rows` lines of at most `columns` characters each. */
export function render(snapshot: Snapshot, { columns, rows, colour }: Frame): string {
  const width = Math.max(columns, COLUMNS_MIN)
  const paint = painter(colour)
  const head = [...title(snapshot, width, paint), ...rates(snapshot, width, paint), ...figures(snapshot, paint)]
  const foot = ['', footer(snapshot, width, paint)]
  const dead = deadLetters(snapshot, { columns: width, rows }, paint)
  const room = Math.max(0, rows - head.length - dead.length - foot.length - 2)
  const last = snapshot.last.slice(0, room).map((one) => line(one, width, paint))
  const body = ['', paint('  last events', 'dim'), ...last, ...Array<string>(room - last.length).fill(''), ...dead]
  return [...head, ...body, ...foot].slice(0, rows).join('\n')
}

// Narrower terminals see the left part.
const COLUMNS_MIN = 76

function title({ topology, elapsedMs, note }: Snapshot, width: number, paint: Paint): string[] {
  const right = `${note}  ${minutes(elapsedMs)}`
  const left = topology === '' ? '' : `  ${topology}`
  return ['', `  ${paint('Hookkeeper', 'bold')}${left}${paint(right.padStart(width - 14 - left.length), 'dim')}`, '']
}

function rates({ received, broker, waiting, done }: Snapshot, width: number, paint: Paint): string[] {
  const row = (name: string, { total, perSecond, history }: Rate, colour: Colour) => {
    const left = `  ${name.padEnd(9)}${grouped(Math.round(perSecond)).padStart(7)}/s  `
    const right = `  ${grouped(total).padStart(10)}`
    return `${left}${paint(sparkline(history, width - left.length - right.length - 2), colour)}${right}`
  }
  const between = broker ? [buffer(broker, waiting, { width, paint })] : []
  return [row('received', received, 'cyan'), ...between, row('done', done, 'green')]
}

/** What waits in the broker, and for how long the oldest has; what its spool holds while it is away. */
function buffer(
  { name, waiting, oldestMs, spooled }: Reading,
  history: readonly number[],
  { width, paint }: { width: number; paint: Paint },
): string {
  const left = `  ${name.split(':')[0]?.padEnd(9)}${(waiting === null ? 'away' : grouped(waiting)).padStart(7)}    `
  const right = `  ${(spooled ? `spool ${grouped(spooled)}` : waiting === null ? '' : spoken(oldestMs)).padStart(10)}`
  const bars = paint(sparkline(history, width - left.length - right.length - 2), 'yellow')
  return waiting === null ? `${paint(left, 'red')}${bars}${right}` : `${left}${bars}${right}`
}

const BARS = '▁▂▃▄▅▆▇█'

/** The newest `width` values as bars, the highest of them full. */
export function sparkline(history: readonly number[], width: number): string {
  const shown = history.slice(-width)
  const most = Math.max(1, ...shown)
  const bars = shown.map((value) => BARS[Math.round((value / most) * (BARS.length - 1))])
  return bars.join('').padStart(width, BARS[0])
}

const CELL = 13
const STATES = ['ready', 'scheduled', 'held', 'running'] as const

function figures({ counts, backlog }: Snapshot, paint: Paint): string[] {
  const outcomes: [string, number][] = [
    ['done', counts.done],
    ['repeat', counts.repeat],
    ['retry', counts.retry],
    ['dead', counts.dead],
    ['refused', counts.refused],
  ]
  const waiting = STATES.map((state) => (backlog ? grouped(backlog[state]) : 'away'))
  const labels = (names: readonly string[]) => paint(cells(names), 'dim')
  const values = outcomes.map(([name, count], n): string => {
    const cell = padded(grouped(count), n === outcomes.length - 1)
    return count === 0 ? paint(cell, 'dim') : paintWord(paint, name, cell)
  })
  return [
    '',
    labels(outcomes.map(([name]) => name)),
    `  ${values.join('')}`,
    '',
    labels([...STATES, 'oldest']),
    cells([...waiting, backlog ? spoken(backlog.readyOldestMs) : 'away']),
  ]
}

const cells = (texts: readonly string[]) => `  ${texts.map((text, n) => padded(text, n === texts.length - 1)).join('')}`
const padded = (text: string, last: boolean) => (last ? text : text.padEnd(CELL))

/** At most a fifth of the screen. */
function deadLetters({ dead }: Snapshot, { columns, rows }: { columns: number; rows: number }, paint: Paint): string[] {
  if (dead.length === 0) return []
  const shown = dead.slice(0, Math.max(1, Math.floor(rows / 5) - 2))
  return ['', paint('  dead letters', 'dim'), ...shown.map((one) => line(one, columns, paint))]
}

const ID = 12

function line({ at, outcome, type, id, attempt, delayMs, why }: Happened, width: number, paint: Paint): string {
  const [time, word] = [timeOfDay(at), outcome.padEnd(5)]
  const parts = [attempt > 1 && `attempt ${attempt}`, delayMs !== null && `in ${spoken(delayMs)}`, why].filter(Boolean)
  const typeWidth = Math.min(34, Math.floor(width * 0.3))
  const rest = `${fitted(tame(type), typeWidth)}  ${short(tame(id), ID).padEnd(ID)}  ${tame(parts.join('  '))}`
  return `  ${paint(time, 'dim')}  ${paintWord(paint, outcome, word)}  ${cut(rest, width - 21).trimEnd()}`
}

const fitted = (text: string, length: number) => cut(text, length).padEnd(length)
const cut = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text)

function footer({ public: hook, private: api }: Snapshot, width: number, paint: Paint): string {
  const right = 'Ctrl-C ends'
  const room = width - right.length - 5
  const left = [`${hook}   ${api}`, hook].find((text) => text.length <= room) ?? ''
  return paint(`  ${left.padEnd(room)} ${right}`, 'dim')
}

const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}

import { pino } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/service.ts'
import { type Paint, painter, paintWord, type Screen, short, spoken, tame, timeOfDay } from './terminal.ts'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

export interface LogTo {
  readonly level: Level
  /** `auto`: readable lines on a terminal, else one JSON object a line. */
  readonly format: 'auto' | 'text' | 'json'
  readonly screen: Screen
  readonly clock: Clock
}

/** The log of this process. */
export const createLog = (to: LogTo): Logger => (speaksJson(to) ? jsonLog(to) : textLog(to))

export const speaksJson = ({ format, screen }: Pick<LogTo, 'format' | 'screen'>): boolean =>
  format === 'json' || (format === 'auto' && !screen.tty)

function jsonLog({ level, screen, clock }: LogTo): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, { write: (line) => screen.write(line) })
}

function textLog({ level, screen, clock }: LogTo): Logger {
  const paint = painter(screen.colour)
  const at = (of: Level) => (fields: object, message: string) => {
    if (LEVELS.indexOf(of) < LEVELS.indexOf(level)) return
    screen.write(`${readable({ at: clock.now(), level: of, fields: { ...fields }, message }, paint)}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export interface Line {
  readonly at: number
  readonly level: Level
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** `12:04:31 retry  invoice.paid  evt_1Qx… in_9f…  attempt 2  in 41 s  billing answered 503` */
export function readable({ at, level, fields, message }: Line, paint: Paint): string {
  const word = typeof fields['outcome'] === 'string' ? fields['outcome'] : level
  const parts = typeof fields['outcome'] === 'string' ? outcome(fields, message) : [message, ...details(fields)]
  const shown = parts.filter((part) => part !== '' && part !== word).map(tame)
  return `${paint(timeOfDay(at), 'dim')} ${paintWord(paint, word, word.padEnd(6))} ${shown.join('  ')}`
}

function outcome(fields: Line['fields'], message: string): string[] {
  const { type, id, object, attempt, delayMs } = fields
  return [
    text(type),
    [id, object]
      .map(text)
      .filter(Boolean)
      .map((one) => short(one))
      .join(' '),
    typeof attempt === 'number' ? `attempt ${attempt}` : '',
    typeof delayMs === 'number' ? `in ${spoken(delayMs)}` : '',
    message,
  ]
}

const details = (fields: Line['fields']): string[] =>
  Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

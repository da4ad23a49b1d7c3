/** A stream that people or programs read. */
export interface Screen {
  write(text: string): void
  readonly tty: boolean
  readonly colour: boolean
  size(): { readonly columns: number; readonly rows: number }
  /** Runs at each change of size. The answer ends it. */
  onResize(run: () => void): () => void
}

/** A stream as a screen. Colour only on a terminal, and never where NO_COLOR is set. */
export function screen(stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>): Screen {
  const tty = stream.isTTY === true
  return {
    write: (text) => void stream.write(text),
    tty,
    colour: tty && !env.NO_COLOR && env.TERM !== 'dumb',
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    onResize(run) {
      stream.on('resize', run)
      return () => void stream.off('resize', run)
    },
  }
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const
export type Colour = keyof typeof CODES
export type Paint = (text: string, colour: Colour) => string

export const painter = (colour: boolean): Paint =>
  colour ? (text, name) => `\x1b[${CODES[name]}m${text}\x1b[0m` : (text) => text

/** What colour a word for an outcome or a state has, everywhere. */
export const COLOURS: Readonly<Record<string, Colour>> = {
  done: 'green',
  retry: 'yellow',
  wait: 'cyan',
  waiting: 'cyan',
  running: 'blue',
  lost: 'red',
  dead: 'red',
  warn: 'yellow',
  error: 'red',
  refuse: 'red',
  ok: 'green',
}

export const paintWord = (paint: Paint, word: string, padded = word): string => {
  const colour = COLOURS[word]
  return colour ? paint(padded, colour) : padded
}

/** A table without lines: columns aligned, two spaces between. The last column is not padded. */
export function columns(
  rows: readonly (readonly string[])[],
  paintCell: (text: string, column: number) => string = (text) => text,
): string {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, n) => Math.max(most[n] ?? 0, cell.length)), [])
  return rows
    .map((row) =>
      row
        .map((cell, n) => paintCell(n === row.length - 1 ? cell : cell.padEnd(widths[n] ?? 0), n))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const STEPS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const

/** A length of time for people: `41 s`, `3 min`, `120 ms`. */
export function spoken(ms: number): string {
  const [step, unit] = STEPS.find(([step]) => ms >= step) ?? [1, 'ms']
  const value = ms / step
  return `${value < 10 && step > 1 ? Math.round(value * 10) / 10 : Math.round(value)} ${unit}`
}

/** `12:04:31`, in the time zone of the machine. */
export function timeOfDay(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** `evt_1Qx…k3Fh`: ids of one account and day begin alike, so both ends are kept. */
export function short(id: string, length = 16): string {
  if (id.length <= length) return id
  const tail = Math.floor((length - 1) / 2)
  return `${id.slice(0, length - 1 - tail)}…${id.slice(-tail)}`
}

/** Control characters shown, never obeyed: text from outside must not steer a terminal. */
export const tame = (text: string): string =>
  text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (found) => `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`)

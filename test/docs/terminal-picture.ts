import { PALETTE } from './palette.ts'

interface Frame {
  readonly columns: number
  readonly rows: number
  /** What the window's bar says. */
  readonly title: string
  /** For those who do not see it. */
  readonly about: string
}

/** Of one character. */
const WIDTH = 8.4
const HEIGHT = 18
const MARGIN = 14
const BAR = 34
/** From the top of a line to the line that its letters stand on. */
const BASE = 13.5

/**
 * A terminal's screen as an SVG. Every run of one colour is placed and stretched to its columns, so that it stands as in a
 * terminal whatever monospace font a reader has; block characters are drawn, since fonts leave gaps between them.
 */
export function terminalPicture(screen: string, { columns, rows, title, about }: Frame): string {
  const width = Math.ceil(columns * WIDTH + 2 * MARGIN)
  const height = BAR + rows * HEIGHT + MARGIN
  const lines = screen.split('\n').flatMap((line, row) => runsOf(line).map((run) => drawn(run, row)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="title about">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="about">${escaped(about)}</desc>`,
    `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;fill:${PALETTE.text}}${styles()}</style>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="11" fill="${PALETTE.window}" stroke="${PALETTE.edge}"/>`,
    `<path d="M.5 ${BAR}V12a11.5 11.5 0 0 1 11.5 -11.5H${width - 12}a11.5 11.5 0 0 1 11.5 11.5V${BAR}z" fill="${PALETTE.bar}"/>`,
    ...PALETTE.buttons.map((fill, n) => `<circle cx="${20 + n * 20}" cy="${BAR / 2}" r="6" fill="${fill}"/>`),
    `<text class="dim" x="${width / 2}" y="${BAR / 2 + 5}" text-anchor="middle">${escaped(title)}</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

interface Run {
  readonly text: string
  readonly column: number
  /** A number of the terminal's, or null. */
  readonly colour: string | null
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const PAINTED = /\u001b\[(\d+)m([^\u001b]*)\u001b\[0m|([^\u001b]+)/g

/** Of one line, without the blanks around them. */
function runsOf(line: string): Run[] {
  let column = 0
  return [...line.matchAll(PAINTED)].flatMap(([, colour = null, painted, plain]) => {
    const text = painted ?? plain ?? ''
    const at = column
    column += text.length
    // Each word apart from the next ones: a reader's font may be narrower, and gaps would not add up.
    return [...text.matchAll(/\S+(?: \S+)*/g)].map((word) => ({ text: word[0], column: at + word.index, colour }))
  })
}

const BLOCKS = '▁▂▃▄▅▆▇█'

function drawn({ text, column, colour }: Run, row: number): string {
  const [x, y] = [MARGIN + column * WIDTH, BAR + 4 + row * HEIGHT]
  const name = colour === null ? null : PALETTE.colours[colour]?.name
  if (name === undefined) throw new Error(`The palette has no colour ${colour}.`)
  const kind = name === null ? '' : ` class="${name}"`
  if (BLOCKS.includes(text[0] ?? '')) return `<path${kind} d="${bars(text, x, y)}"/>`
  const length = fixed(text.length * WIDTH)
  return `<text${kind} x="${fixed(x)}" y="${fixed(y + BASE)}" textLength="${length}">${escaped(text)}</text>`
}

function bars(text: string, x: number, y: number): string {
  return [...text]
    .map((block, n) => {
      const tall = ((BLOCKS.indexOf(block) + 1) / BLOCKS.length) * (HEIGHT - 2)
      return `M${fixed(x + n * WIDTH)} ${fixed(y + HEIGHT - 1)}v${fixed(-tall)}h${fixed(WIDTH - 1)}v${fixed(tall)}z`
    })
    .join('')
}

const styles = () =>
  Object.values(PALETTE.colours)
    .map(({ name, style }) => `.${name}{${style}}`)
    .join('')

const fixed = (value: number) => String(Math.round(value * 10) / 10)
const escaped = (text: string) => text.replace(/[&<>]/g, (found) => `&#${found.charCodeAt(0)};`)

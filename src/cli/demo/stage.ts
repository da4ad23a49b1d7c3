import type { Screen } from '../terminal.ts'
import { type Frame, render, type Snapshot } from './view.ts'

// The other screen, without a cursor and without wrapping what is too long.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'
// Together with the two above: what is drawn appears at once, where the terminal can do that.
const BEGIN_FRAME = '\x1b[?2026h'
const END_FRAME = '\x1b[?2026l'

/** The whole terminal, until `close`. Whatever ends the process, the terminal is given back as it was. */
export function openStage(screen: Screen) {
  let last: Snapshot | null = null
  let open = true
  const draw = (snapshot: Snapshot) => {
    last = snapshot
    if (open) screen.write(framed(render(snapshot, frameOf(screen))))
  }
  const offResize = screen.onResize(() => last && draw(last))
  const close = () => {
    if (!open) return
    open = false
    offResize()
    process.off('exit', close)
    screen.write(LEAVE)
  }
  process.on('exit', close)
  screen.write(ENTER)
  return { draw, close, heard: () => {} }
}

const frameOf = (screen: Screen): Frame => ({ ...screen.size(), colour: screen.colour })

/** Over the old picture, line by line, so that nothing flickers. */
const framed = (picture: string): string =>
  `${BEGIN_FRAME}${HOME}${picture.replaceAll('\n', `${CLEAR_LINE}\r\n`)}${CLEAR_LINE}${CLEAR_BELOW}${END_FRAME}`

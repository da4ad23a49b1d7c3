import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** One command of a transcript and what it showed: `$ command`, then lines. `…` stands for lines, or the rest of one, left out. */
export interface Step {
  readonly command: string
  readonly lines: readonly string[]
}

export function stepsOf(transcript: string): Step[] {
  return transcript
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...lines] = part.trimEnd().split('\n')
      return { command, lines }
    })
}

/** The same lines, whatever ids, numbers and widths they hold; each line that is not left out is a group. */
export function pattern(lines: readonly string[]): RegExp {
  const parts = lines.map((line) => {
    if (line === LEFT_OUT) return '(?:.*\\n)*?'
    return line.endsWith(LEFT_OUT) ? `(${anyValues(line.slice(0, -1))}).*\\n` : `(${anyValues(line)})\\n`
  })
  // npm begins with an empty line.
  return new RegExp(`^\\n*${parts.join('')}$`)
}

export const LEFT_OUT = '…'

const anyValues = (line: string): string =>
  line
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\b(evt|in|cus|sub)_\w+/g, '$1_\\w+')
    .replace(/\d+/g, '\\d+')
    .replace(/ {2,}/g, ' +')

interface World {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** A command as it is run: other ports, a tarball instead of a name. */
  readonly asRun: (command: string) => { command: string; env?: Readonly<Record<string, string>> }
}

const STEP_MS = 30_000

/** A terminal: commands one after the other in one folder, those that end in `&` beside the others until the end. */
export class Session {
  readonly #world: World
  readonly #env: Record<string, string | undefined>
  readonly #background: ChildProcess[] = []
  /** What the command under way showed, and what those beside it did meanwhile: who is first is chance, so they are kept apart. */
  readonly #shown = { here: '', beside: '' }
  #hear: () => void = () => {}

  constructor(world: World) {
    this.#world = world
    this.#env = { ...world.env }
  }

  /** Resolves to all that was shown, as soon as it is what the step says. */
  async play({ command, lines }: Step): Promise<string> {
    const [, name, value] = /^export (\w+)=(\S+)$/.exec(command) ?? []
    if (name !== undefined && value !== undefined) this.#env[name] = value
    else await this.#run(command)
    const expected = pattern(lines)
    const abort = new AbortController()
    const cut = setTimeout(() => abort.abort(), STEP_MS)
    while (!expected.test(this.#text())) await this.#more(abort.signal, command, lines)
    clearTimeout(cut)
    const text = this.#text()
    Object.assign(this.#shown, { here: '', beside: '' })
    return text
  }

  async end(): Promise<void> {
    for (const child of this.#background) {
      const closed = child.exitCode === null && child.signalCode === null ? once(child, 'close') : null
      // The whole group: npx does not hand signals on to what it runs.
      if (closed) process.kill(-child.pid!, 'SIGTERM')
      await closed
    }
  }

  readonly #text = () => this.#shown.here + this.#shown.beside

  async #run(command: string): Promise<void> {
    const beside = command.endsWith('&')
    const { command: words, env = {} } = this.#world.asRun(command.replace(/\s*&$/, ''))
    const options = { cwd: this.#world.cwd, env: { ...this.#env, ...env }, detached: true }
    const child = spawn('sh', ['-c', words], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const gather = (chunk: Buffer) => {
      this.#shown[beside ? 'beside' : 'here'] += chunk
      this.#hear()
    }
    child.stdout.on('data', gather)
    child.stderr.on('data', gather)
    if (beside) this.#background.push(child)
    else await once(child, 'close')
  }

  async #more(late: AbortSignal, command: string, lines: readonly string[]): Promise<void> {
    const heard = new Promise<boolean>((resolve) => {
      this.#hear = () => resolve(true)
      late.addEventListener('abort', () => resolve(false), { once: true })
    })
    if (!(await heard)) throw new Error(`$ ${command}\nshould show\n${lines.join('\n')}\nand showed\n${this.#text()}`)
  }
}

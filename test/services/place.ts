import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Below the ports that Linux (from 32768) and others (from 49152) take for outgoing connections. */
const PORT_MIN = 20_000
const PORT_END = 32_000

/** Where one service lives: a folder, ports, and the processes that were started for it. */
export class Place {
  readonly #name: string
  readonly #under: string
  readonly #endMs: number
  readonly #apart: boolean
  /** With the signal that asks it to end. */
  readonly #children = new Map<ChildProcess, NodeJS.Signals>()
  #folder: Promise<string> | undefined
  readonly #killAll = () => this.#living().forEach((child) => void child.kill('SIGKILL'))
  /** As the runner ends a file that takes too long: no exit is told of then. */
  readonly #asked = () => {
    this.#killAll()
    process.kill(process.pid, 'SIGTERM')
  }

  /**
   * A process gets `endMs` after it was asked to end, then it is killed. The folder is made in `under`. With `apart` no process
   * hears the Ctrl-C of our terminal.
   */
  constructor(name: string, { endMs = 5000, under = tmpdir(), apart = false } = {}) {
    this.#name = name
    this.#under = under
    this.#endMs = endMs
    this.#apart = apart
  }

  /** Made at the first call, removed at the end. */
  folder(): Promise<string> {
    this.#folder ??= mkdtemp(join(this.#under, `hookkeeper-${this.#name}-`))
    return this.#folder
  }

  /** A port that nobody listens on, and that the system gives to no outgoing connection until it is listened on. */
  async port(): Promise<number> {
    for (;;) {
      const port = randomInt(PORT_MIN, PORT_END)
      const probe = createServer()
      const free = await new Promise<boolean>((resolve) => {
        probe.once('error', () => resolve(false)).listen(port, () => resolve(true))
      })
      if (!free) continue
      probe.close()
      await once(probe, 'close')
      return port
    }
  }

  /** Starts a process that `endBy` asks to end. */
  spawn(
    command: string,
    args: readonly string[],
    { endBy = 'SIGTERM', ...options }: SpawnOptions & { endBy?: NodeJS.Signals } = {},
  ): ChildProcess {
    const child = spawn(command, args, { detached: this.#apart, ...options })
    if (this.#children.size === 0) {
      process.once('exit', this.#killAll)
      // Who keeps them apart hears of signals himself, and ends them in his own order.
      if (!this.#apart) process.once('SIGTERM', this.#asked)
    }
    this.#children.set(child, endBy)
    return child
  }

  /** Of its processes that live, the first that was started first. */
  get pids(): number[] {
    return this.#living().flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** Ends one process by its id; one that has ended already is fine. */
  async stop(child: ChildProcess): Promise<void> {
    if (!living(child)) return
    const gone = once(child, 'exit')
    child.kill(this.#children.get(child))
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#endMs)
    await gone
    clearTimeout(timer)
  }

  /** Ends every process by its id and removes the folder. Twice is harmless. */
  async end(): Promise<void> {
    await Promise.all(this.#living().map((child) => this.stop(child)))
    process.off('exit', this.#killAll).off('SIGTERM', this.#asked)
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true })
  }

  #living(): ChildProcess[] {
    return [...this.#children.keys()].filter(living)
  }
}

const living = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null

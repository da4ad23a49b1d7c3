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
  readonly #endMs: number
  readonly #children: ChildProcess[] = []
  #folder: Promise<string> | undefined
  readonly #killAll = () => this.#living().forEach((child) => void child.kill('SIGKILL'))

  /** A process gets `endMs` after SIGTERM, then it is killed. */
  constructor(name: string, { endMs = 5000 } = {}) {
    this.#name = name
    this.#endMs = endMs
  }

  /** Made at the first call, removed at the end. */
  folder(): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), `hookkeeper-${this.#name}-`))
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

  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, options)
    if (this.#children.length === 0) process.once('exit', this.#killAll)
    this.#children.push(child)
    return child
  }

  /** Ends every process by its id and removes the folder. Twice is harmless. */
  async end(): Promise<void> {
    await Promise.all(this.#living().map((child) => endProcess(child, this.#endMs)))
    process.off('exit', this.#killAll)
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true })
  }

  #living(): ChildProcess[] {
    return this.#children.filter(
      (child) => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    )
  }
}

async function endProcess(child: ChildProcess, endMs: number): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endMs)
  await gone
  clearTimeout(timer)
}

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A process of ours that says things in lines of JSON, and ends when its standard input does. */
export class Child {
  readonly pid: number
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #exited: Promise<void>
  readonly #name: string
  readonly #logPath: string

  /** Its standard error goes to `logPath`, as a server's log would, and is cited when it ends too early. */
  constructor(name: string, program: URL, { argument, logPath }: { argument: object; logPath: string }) {
    const args = [fileURLToPath(program), JSON.stringify(argument)]
    const log = openSync(logPath, 'a')
    this.#name = name
    this.#logPath = logPath
    // As every server is run; Express does less in it.
    const env = { ...process.env, NODE_ENV: 'production' }
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', log], env })
    closeSync(log)
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
    this.#exited = new Promise((resolve) => this.#process.once('exit', () => resolve()))
    this.pid = this.#process.pid ?? 0
  }

  /** Its next line of JSON; anything else that it prints is passed by. */
  async line<V extends object>(withinMs: number): Promise<V> {
    const late = new Promise<never>((_, reject) => {
      const message = `${this.#name} said nothing within ${withinMs} ms.`
      setTimeout(() => reject(new Error(message)), withinMs).unref()
    })
    for (;;) {
      const { value, done } = await Promise.race([this.#lines.next(), late])
      if (done) throw new Error(`${this.#name} ended before it said what it was asked for. ${this.#lastWords()}`)
      if (value.startsWith('{')) return JSON.parse(value) as V
    }
  }

  /** Asks it to end, and ends it after 10 s. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #lastWords(): string {
    const words = readFileSync(this.#logPath, 'utf8').trim()
    return words === '' ? 'It gave no reason.' : `Its last words:\n${words.slice(-LAST_WORDS_MAX)}`
  }
}

const STOP_MS = 10_000
const LAST_WORDS_MAX = 2_000

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from '../environment.ts'
import type { Place } from '../services/place.ts'
import { full } from '../size.ts'
import { SECRET } from './delivery.ts'
import { databaseUrl, inPostgres } from './ledger.ts'

/** What `up` is started with. */
export interface UpOptions {
  readonly place: Place
  /** Its file or its URL; a later process goes on with it. */
  readonly ledger: string
  readonly port: number
  /** A module of `handlers/`, by name. */
  readonly handlers: string
  /** Settings by variable, and what the handlers read. */
  readonly env?: Readonly<Record<string, string>>
  /** Modules that Node loads first. */
  readonly imports?: readonly string[]
}

export interface Gone {
  readonly code: number | null
  readonly signal: string | null
}

export type Line = Readonly<Record<string, unknown>>

/** The sources in `npm test`; at full size what users have, which `npm run chaos` builds first and which costs less to start. */
const BIN = fileURLToPath(new URL(full ? '../../dist/cli/bin.js' : '../../src/cli/bin.ts', import.meta.url))
const moduleOf = (name: string) => fileURLToPath(new URL(`./handlers/${name}.ts`, import.meta.url))

/** How long a process may take to say that it has started. */
const START_MS = 30_000
/** What is kept of its words, from the end: enough for a failure's text. */
const WORDS_MAX = 20_000

/** `hookkeeper up` in a process of its own, as a user runs it. */
export class Up {
  readonly pid: number
  readonly origin: string
  readonly gone: Promise<Gone>
  readonly #child: ChildProcess
  #words = ''
  #listeners = new Set<(line: Line) => void>()
  #api = ''

  constructor({ place, ledger, port, handlers, env = {}, imports = [] }: UpOptions) {
    const flags = imports.flatMap((file) => ['--import', file])
    this.#child = place.spawn(process.execPath, [...flags, BIN, 'up', '--handlers', moduleOf(handlers)], {
      ...(inPostgres(ledger) ? {} : { cwd: dirname(ledger) }),
      env: { ...settings(ledger, port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.pid = this.#child.pid ?? 0
    this.origin = `http://127.0.0.1:${port}`
    this.gone = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream! }).on('line', (text) => this.#hear(text))
    }
  }

  /** Resolves when it takes webhooks; rejects when it ends before. */
  async started(): Promise<this> {
    const ended = this.gone.then(({ code, signal }) => {
      throw new Error(`up ended with ${code ?? signal} before it had started:\n${this.words}`)
    })
    const line = await Promise.race([this.line(({ msg }) => msg === 'started', START_MS), ended])
    this.#api = String(line['private'])
    return this
  }

  /** The next line of its log that fits. */
  line(fits: (line: Line) => boolean, withinMs: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#listeners.delete(listener)
        reject(new Error(`up did not say within ${withinMs} ms what was waited for:\n${this.words}`))
      }, withinMs).unref()
      const listener = (line: Line) => {
        if (!fits(line)) return
        clearTimeout(late)
        this.#listeners.delete(listener)
        resolve(line)
      }
      this.#listeners.add(listener)
    })
  }

  /** Everything that it says, from now on. */
  onLine(listen: (line: Line) => void): void {
    this.#listeners.add(listen)
  }

  get words(): string {
    return this.#words
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.gone
  }

  /** Asks it to end, and says how it did. */
  stop(): Promise<Gone> {
    this.#child.kill('SIGTERM')
    return this.gone
  }

  async get<V>(path: string): Promise<V> {
    return (await checked(await fetch(`${this.#api}${path}`))).json() as V
  }

  async text(path: string): Promise<string> {
    return (await checked(await fetch(`${this.#api}${path}`))).text()
  }

  async act<V>(action: string, input: object): Promise<V> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ ...input, by: 'test', why: 'a promise is tried' })
    return (
      await checked(await fetch(`${this.#api}/api/v1/actions/${action}`, { method: 'POST', headers, body }))
    ).json() as V
  }

  #hear(text: string): void {
    this.#words = `${this.#words}${text}\n`.slice(-WORDS_MAX)
    for (const listener of this.#listeners) listener(parsed(text))
  }
}

const settings = (ledger: string, port: number): Record<string, string> => ({
  ...bareEnvironment(),
  DATABASE_URL: databaseUrl(ledger),
  STRIPE_WEBHOOK_SECRET: SECRET,
  PORT: String(port),
  CONSOLE_PORT: '0',
  LOG_FORMAT: 'json',
  HOOKKEEPER_INGESTION_HOST: '127.0.0.1',
  HOOKKEEPER_RELEASE: 'test',
})

function parsed(text: string): Line {
  try {
    return JSON.parse(text)
  } catch {
    return { text }
  }
}

async function checked(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`)
  return response
}

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, loadConfig } from '../../config.ts'
import { systemRandom } from '../../core/random.ts'
import { silent } from '../../core/service.ts'
import { unruly } from '../../simulator/faults.ts'
import { type Simulation, simulate } from '../../simulator/simulate.ts'
import { sumOf } from '../../simulator/truth.ts'
import type { Context } from '../context.ts'
import type { DemoOptions } from '../demo.ts'
import { listenable } from '../findings.ts'
import { createLog } from '../log.ts'
import { type Started, start } from '../start.ts'
import { type Books, sqliteBooks } from './books.ts'
import { Feed, type Sent, TICKS_PER_SECOND } from './feed.ts'
import { Gauge } from './gauge.ts'
import { registerDemo } from './handlers.ts'
import { plainly } from './plain.ts'
import { openStage } from './stage.ts'
import { type Summary, summaryText } from './summary.ts'
import type { Snapshot } from './view.ts'

/** What the demo runs on, where that is more than a SQLite file. */
export interface Topology {
  /** Such as `Redis before SQLite`. */
  readonly name: string
  /** Over the demo's own. */
  readonly settings: Readonly<Record<string, string>>
  /** Where the ledger is no SQLite file, its books are not there either. */
  readonly books: Books | null
}

/** Runs the demo until its time is over or Ctrl-C, says what came of it, and leaves nothing behind. */
export async function perform(options: DemoOptions, context: Context, topology?: Topology): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-demo-'))
  const file = join(folder, 'hookkeeper.db')
  const ground = {
    name: topology?.name ?? '',
    settings: { databaseUrl: `sqlite:${file}`, ...topology?.settings },
    books: topology?.books ?? sqliteBooks(file),
  }
  try {
    const summary = await play(folder, ground, { options, context })
    context.out.write(options.json ? `${JSON.stringify({ summary })}\n` : summaryText(summary))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Asked {
  readonly options: DemoOptions
  readonly context: Context
}

type Ground = Topology & { readonly books: Books }

async function play(folder: string, ground: Ground, { options, context }: Asked): Promise<Summary> {
  const { clock, out, err } = context
  const show = out.tty && !options.json ? openStage(out) : plainly({ out, json: options.json ?? false })
  const kept: string[] = []
  const also = createLog({
    level: 'error',
    format: 'auto',
    screen: { ...err, write: (line) => keep(kept, line) },
    clock,
  })
  const feed = new Feed({ clock, heard: show.heard, also })
  const secret = `whsec_${randomBytes(24).toString('base64url')}`
  const config = await configure(folder, secret, { ground, options })
  const ended = over(options, context)
  try {
    const started = await start(config, { log: feed.log, clock, register: (on) => registerDemo(on, ground.books) })
    const simulation = deliver(started, secret, options, context)
    const gauge = started.broker && new Gauge(started.broker)
    const played = { started, simulation, feed, gauge, topology: ground.name }
    await watch(played, { show, ended })
    return await close(played, { books: ground.books, context })
  } finally {
    show.close()
    err.write(kept.join(''))
  }
}

// Trouble of the process itself would tear the picture: it is told when that is gone.
const KEPT_MAX = 100
const keep = (kept: string[], line: string) => void (kept.length < KEPT_MAX && kept.push(line))

/** Retries come soon enough to be seen. */
async function configure(
  folder: string,
  secret: string,
  { ground, options: { port, consolePort } }: { ground: Ground; options: DemoOptions },
): Promise<Config> {
  const flags = {
    'ingestion.host': '127.0.0.1',
    'ingestion.port': port ?? (await freeOr(4242)),
    'console.port': consolePort ?? (await freeOr(4243)),
    'processing.retry.attempts': 4,
    'processing.retry.baseMs': 1500,
    'log.level': 'debug',
    livemode: 'both',
    ...ground.settings,
  }
  return loadConfig({ cwd: folder, env: { STRIPE_WEBHOOK_SECRET: secret }, flags })
}

const freeOr = async (port: number) => ((await listenable('127.0.0.1', port)) === null ? port : 0)

const DAY_MS = 86_400_000
/** The merchant's time begins that long ago: at the usual rate it reaches our own after some minutes. */
const HISTORY_MS = 20 * DAY_MS

function deliver(started: Started, secret: string, { rate, seed }: DemoOptions, { clock }: Context): Simulation {
  const to = `${started.public}/webhooks/stripe`
  const startAt = clock.now() - HISTORY_MS
  const wish = { to, rate, seed, startAt, secrets: [secret], faults: unruly }
  return simulate({ ...wish, clock, random: systemRandom, log: silent })
}

/** Resolves when the time is over or somebody presses Ctrl-C or sends SIGTERM. */
function over({ for: forMs }: DemoOptions, { clock, interrupted }: Context): Promise<void> {
  return new Promise((resolve) => {
    const interrupt = interrupted()
    if (interrupt.aborted) resolve()
    interrupt.addEventListener('abort', () => resolve(), { once: true })
    process.once('SIGTERM', () => resolve())
    if (forMs !== undefined) clock.after(forMs, resolve)
  })
}

interface Played {
  readonly started: Started
  readonly simulation: Simulation
  readonly feed: Feed
  readonly gauge: Gauge | null
  readonly topology: string
}

function watch(
  { started, simulation, feed, gauge, topology }: Played,
  { show, ended }: { show: { draw(snapshot: Snapshot): void }; ended: Promise<void> },
): Promise<void> {
  const places = { public: `${started.public}/webhooks/stripe`, private: started.private }
  const note = `seed ${simulation.seed}`
  const tick = async () => {
    const broker = gauge?.read() ?? null
    feed.tick(sentBy(simulation), broker)
    show.draw(
      feed.snapshot({ ...places, topology, note, broker, backlog: await known(started.store.ledger.backlog()) }),
    )
  }
  const ticking = setInterval(() => void tick(), 1000 / TICKS_PER_SECOND)
  return Promise.race([ended, simulation.done.then(() => {})]).finally(() => clearInterval(ticking))
}

/** Null: a ledger that is away does not answer, and the demo goes on to show just that. */
const known = <V>(asked: Promise<V>): Promise<V | null> => asked.catch(() => null)

/** Every good answer beyond an event's first is one to a repeat. */
function sentBy(simulation: Simulation): Sent {
  const { sent, accepted, refused, badRefused, badAccepted } = simulation.stats()
  const later = Object.values(refused).reduce((sum, count) => sum + count, 0)
  const repeats = sent - later - badRefused - badAccepted.size - accepted.size
  return { sent, accepted: accepted.size, repeats, refused: badRefused, later }
}

/** How long what has arrived may take to be worked. Retries that are due later stay on disk. */
const DRAIN_MS = 5000

async function close(
  { started, simulation, feed, gauge, topology }: Played,
  { books, context }: { books: Books; context: Context },
): Promise<Summary> {
  const { accepted } = await simulation.stop()
  await worked(started, gauge, context)
  const sent = sentBy(simulation)
  const broker = (await gauge?.ask()) ?? null
  feed.tick(sent, broker)
  const { elapsedMs, counts } = feed.told()
  const backlog = await known(started.store.ledger.backlog())
  await started.stop()
  const truths = simulation.truth().filter(({ id }) => accepted.has(id))
  const money = { sent: sumOf(truths, 'invoice.paid'), booked: await known(books.booked()) }
  return { ...sent, topology, elapsedMs, seed: simulation.seed, counts, broker, backlog, money }
}

/** Whatever was taken is in the ledger and worked; what lies in a broker that is away is not waited for. */
async function worked({ store }: Started, gauge: Gauge | null, { clock }: Context): Promise<void> {
  const until = clock.now() + DRAIN_MS
  while (clock.now() < until) {
    const { waiting, spooled } = (await gauge?.ask()) ?? { waiting: 0, spooled: 0 }
    const { ready, running } = (await known(store.ledger.backlog())) ?? { ready: 0, running: 0 }
    if (waiting === null || ready + running + waiting + (spooled ?? 0) === 0) return
    await new Promise<void>((resolve) => setTimeout(resolve, 50))
  }
}

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
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
import { Feed, type Sent, TICKS_PER_SECOND } from './feed.ts'
import { booked, registerDemo } from './handlers.ts'
import { plainly } from './plain.ts'
import { openStage } from './stage.ts'
import { type Summary, summaryText } from './summary.ts'
import type { Snapshot } from './view.ts'

/** Runs the demo until its time is over or Ctrl-C, says what came of it, and leaves nothing behind. */
export async function perform(options: DemoOptions, context: Context): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hookkeeper-demo-'))
  try {
    const summary = await play(folder, options, context)
    context.out.write(options.json ? `${JSON.stringify({ summary })}\n` : summaryText(summary))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function play(folder: string, options: DemoOptions, context: Context): Promise<Summary> {
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
  const config = await configure(folder, secret, options)
  const ended = over(options, context)
  try {
    const started = await start(config, { log: feed.log, clock, register: registerDemo })
    const simulation = deliver(started, secret, options, context)
    await watch({ started, simulation, feed, show, ended })
    return await close(folder, { started, simulation, feed, context })
  } finally {
    show.close()
    err.write(kept.join(''))
  }
}

// Trouble of the process itself would tear the picture: it is told when that is gone.
const KEPT_MAX = 100
const keep = (kept: string[], line: string) => void (kept.length < KEPT_MAX && kept.push(line))

/** Retries come soon enough to be seen. */
async function configure(folder: string, secret: string, { port, consolePort }: DemoOptions): Promise<Config> {
  const flags = {
    databaseUrl: `sqlite:${join(folder, 'hookkeeper.db')}`,
    'ingestion.host': '127.0.0.1',
    'ingestion.port': port ?? (await freeOr(4242)),
    'console.port': consolePort ?? (await freeOr(4243)),
    'processing.retry.attempts': 4,
    'processing.retry.baseMs': 1500,
    'log.level': 'debug',
    livemode: 'both',
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
    interrupted().addEventListener('abort', () => resolve(), { once: true })
    process.once('SIGTERM', () => resolve())
    if (forMs !== undefined) clock.after(forMs, resolve)
  })
}

interface Watched {
  readonly started: Started
  readonly simulation: Simulation
  readonly feed: Feed
  readonly show: { draw(snapshot: Snapshot): void }
  readonly ended: Promise<void>
}

function watch({ started, simulation, feed, show, ended }: Watched): Promise<void> {
  const note = `seed ${simulation.seed}`
  const tick = async () => {
    feed.tick(sentBy(simulation))
    const backlog = await started.store.ledger.backlog()
    show.draw(feed.snapshot({ note, backlog, public: `${started.public}/webhooks/stripe`, private: started.private }))
  }
  const ticking = setInterval(() => void tick(), 1000 / TICKS_PER_SECOND)
  return Promise.race([ended, simulation.done.then(() => {})]).finally(() => clearInterval(ticking))
}

/** Every good answer beyond an event's first is one to a repeat. */
function sentBy(simulation: Simulation): Sent {
  const { sent, accepted, refused, badRefused, badAccepted } = simulation.stats()
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, badRefused)
  const repeats = sent - refusals - badAccepted.size - accepted.size
  return { sent, accepted: accepted.size, repeats, refused: refusals }
}

/** How long what has arrived may take to be worked. Retries that are due later stay on disk. */
const DRAIN_MS = 5000

interface Closing {
  readonly started: Started
  readonly simulation: Simulation
  readonly feed: Feed
  readonly context: Context
}

async function close(folder: string, { started, simulation, feed, context }: Closing): Promise<Summary> {
  const { accepted } = await simulation.stop()
  await worked(started, context)
  const sent = sentBy(simulation)
  feed.tick(sent)
  const backlog = await started.store.ledger.backlog()
  const { elapsedMs, counts } = feed.snapshot({ note: '', public: '', private: '', backlog })
  await started.stop()
  const truths = simulation.truth().filter(({ id }) => accepted.has(id))
  const money = { sent: sumOf(truths, 'invoice.paid'), booked: bookedIn(join(folder, 'hookkeeper.db')) }
  return { ...sent, elapsedMs, seed: simulation.seed, counts, backlog, money }
}

async function worked({ store }: Started, { clock }: Context): Promise<void> {
  const until = clock.now() + DRAIN_MS
  while (clock.now() < until) {
    const { ready, running } = await store.ledger.backlog()
    if (ready + running === 0) return
    await new Promise<void>((resolve) => setTimeout(resolve, 50))
  }
}

function bookedIn(path: string): Record<string, number> {
  const db = new DatabaseSync(path)
  try {
    return booked(db)
  } finally {
    db.close()
  }
}

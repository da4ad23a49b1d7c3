import { type Config, endpoints, environment } from '../../config.ts'
import { systemClock } from '../../core/clock.ts'
import { failure, HookkeeperError } from '../../core/errors.ts'
import { systemRandom } from '../../core/random.ts'
import { openRecording, openScratch } from '../../presets/sqlite.ts'
import { forward } from '../../processing/forward.ts'
import { createHandlers, type Handlers } from '../../processing/handlers.ts'
import { Rehearsal } from '../../rehearsal/rehearsal.ts'
import { staged } from '../../rehearsal/staged.ts'
import { refusalIn } from '../../rehearsal/trial.ts'
import { REHEARSABLE, type Rehearsed } from '../../rehearsal/verdict.ts'
import { raiseWalls, type Walls } from '../../rehearsal/walls.ts'
import type { Recorded, Recording } from '../../store/recording.ts'
import type { Ref } from '../../store/store.ts'
import { configOf } from '../context.ts'
import { type Register, registerOf } from '../start.ts'
import type { FromStage, ToStage } from './messages.ts'

/** The process in which handlers are rehearsed: whatever they do, and however they end it, nobody else is touched. */
const tell = (message: FromStage, then: () => void = () => {}) => void process.send?.(message, then)

// Listened to until the end: while a handler waits for nothing that lives, this alone keeps the process.
process.on('message', (given: ToStage) => {
  // Timers and servers of the user's modules would keep the process alive.
  rehearse(given).then(
    () => tell({ kind: 'over' }, () => process.exit(0)),
    (error: unknown) => tell({ kind: 'refused', error: told(error) }, () => process.exit(0)),
  )
})

async function rehearse(given: ToStage): Promise<void> {
  // Before anything of the user's is loaded.
  const walls = raiseWalls(given)
  outlive()
  const config = await configOf(given.options, { cwd: given.cwd, env: environment() })
  const recording = await openRecording(given.copy, systemClock)
  const scratch = await openScratch(systemClock)
  const { refs, more, gone } = chosen(recording, given)
  const handlers = createHandlers({ timeoutMs: config.processing.handlerMs, rated: false })
  const on = {
    begun: (one: Recorded) => tell({ kind: 'begun', ...named(one) }),
    met: (ref: Ref, what: string) => tell({ kind: 'met', ref, what }),
    ended: (one: Recorded, how: Rehearsed) => tell({ kind: 'ended', ...named(one), ...how }),
  }
  const seams = { recording, scratch, handlers, clock: systemClock, random: systemRandom, on }
  const rehearsal = new Rehearsal({ ...seams, concurrency: given.alone ? 1 : config.processing.concurrency })
  await register(config, handlers, { walls, trialOf: (fence) => rehearsal.trialOf(fence) })
  tell({ kind: 'ready', release: config.release, handlers: handlers.all.map(({ name }) => name), more, gone })
  await rehearsal.run(refs)
  // What was left behind may still meet something.
  await new Promise((resolve) => setImmediate(resolve))
  await scratch.close()
  recording.close()
}

const named = ({ ref, event: { id, type }, reason }: Recorded) => ({ ref, id, type, reason })

/** A run that goes on after a crash leaves out what has ended, or takes only what may have been the cause. */
function chosen(recording: Recording, { query, limit, without, alone }: ToStage) {
  const all = recording.choose({ ...query, reason: REHEARSABLE }, limit)
  const out = new Set(without)
  const only = alone && new Set(alone)
  return { ...all, refs: all.refs.filter((ref) => !out.has(ref) && (!only || only.has(ref))) }
}

/** As `up` does it, with every handler wrapped. */
async function register(
  config: Config,
  handlers: Handlers,
  stage: { walls: Walls; trialOf: (fence: number) => ReturnType<Rehearsal['trialOf']> },
): Promise<void> {
  const on = (pattern: string, ...rest: readonly unknown[]) => {
    const run = rest.at(-1)
    const given = typeof run === 'function' ? staged(run as Parameters<typeof staged>[0], stage) : run
    ;(handlers.on as (...args: unknown[]) => void)(pattern, ...rest.slice(0, -1), given)
  }
  if (config.forward.to !== null) on('*', { name: 'forward' }, forward(config.forward.to, config.forward))
  const own = await registerOf({ ...config, roles: ['processing'] })
  // Handlers are registered; there is nothing to start, to stop or to look at.
  await own?.({ on } as unknown as Parameters<Register>[0])
  if (handlers.all.length === 0) throw failure('rehearsal_empty')
  const secret = endpoints(config.accounts)[0]?.secrets[0] ?? null
  handlers.wire({ clock: systemClock, random: systemRandom, secret: () => secret, rerouted: () => false })
}

/**
 * A promise that nobody heard, or an `error` that nobody listened to, ends the process in production, and does so here. But what
 * was refused only here says nothing about production; the event for which it was refused knows.
 */
function outlive(): void {
  process.on('uncaughtException', (error) => {
    if (!refusalIn(error)) process.exit(CRASHED)
  })
}

const CRASHED = 70

const told = (error: unknown) =>
  error instanceof HookkeeperError
    ? { code: error.code, values: error.values }
    : { code: 'rehearsal_broken' as const, values: { what: error instanceof Error ? error.name : typeof error } }

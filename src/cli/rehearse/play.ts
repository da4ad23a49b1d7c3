import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { failure } from '../../core/errors.ts'
import type { Rehearsed } from '../../rehearsal/verdict.ts'
import type { Ref } from '../../store/store.ts'
import type { FromStage, Named, ToStage } from './messages.ts'

/** What came of each event. */
export interface Played {
  readonly release: string
  readonly handlers: readonly string[]
  readonly events: readonly (Named & Rehearsed & { readonly met: string | null })[]
  readonly more: boolean
  readonly gone: number
  /** How often the handlers ended their process. */
  readonly crashes: number
  /** It was stopped, or ended too often: what is not here is not known. */
  readonly interrupted: boolean
}

export interface PlayOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly addons: boolean
  readonly signal: AbortSignal
  /** Called now and then with how many have ended. */
  readonly progress: (ended: number) => void
}

/** Handlers that end their process more often than this are not worth more restarts. */
const CRASHES_MAX = 100

type Wish = Omit<ToStage, 'without' | 'alone'>

/**
 * Rehearses in a process of its own, and in another one for what is left whenever that ends early. Of several events that ran
 * when it did, each is tried by itself: the one that ends its process again is lost, as it would be in production.
 */
export async function play(wish: Wish, options: PlayOptions): Promise<Played> {
  const notes = new Notes(options.progress)
  let crashes = 0
  let alone: readonly Ref[] | null = null
  for (;;) {
    const through = await act({ ...wish, without: [...notes.ended.keys()], alone }, notes, options)
    if (options.signal.aborted || (through && alone === null)) break
    if (through) alone = null
    else alone = afterCrash(alone, notes)
    if (!through && ++crashes >= CRASHES_MAX) break
  }
  if (!notes.ready) throw failure('rehearsal_broken', { what: 'it was interrupted' })
  const { release, handlers, more, gone } = notes.ready
  const interrupted = options.signal.aborted || crashes >= CRASHES_MAX
  const events = [...notes.ended.values()].map((one) => ({ ...one, met: notes.met.get(one.ref) ?? null }))
  return { release, handlers, events, more, gone, crashes, interrupted }
}

/** Whom to try one by one next: those that ran when the process ended, if more than one did. */
function afterCrash(alone: readonly Ref[] | null, notes: Notes): readonly Ref[] | null {
  const running = notes.stopped()
  if (running.length === 1) notes.lose(running[0]!)
  const left = (alone ?? running.map(({ ref }) => ref)).filter((ref) => !notes.ended.has(ref))
  return left.length > 0 ? left : null
}

/** What the processes have said so far. */
class Notes {
  ready: Extract<FromStage, { kind: 'ready' }> | null = null
  readonly ended = new Map<Ref, Named & Rehearsed>()
  readonly met = new Map<Ref, string>()
  readonly #begun = new Map<Ref, Named>()
  readonly #progress: (ended: number) => void

  constructor(progress: (ended: number) => void) {
    this.#progress = progress
  }

  hear(message: FromStage): void {
    if (message.kind === 'ready') this.ready ??= message
    else if (message.kind === 'begun') this.#begun.set(message.ref, message)
    else if (message.kind === 'met') this.met.set(message.ref, message.what)
    else if (message.kind === 'ended') this.#end(message)
  }

  /** Those that had begun and not ended when the process did. They begin anew. */
  stopped(): readonly Named[] {
    const running = [...this.#begun.values()]
    this.#begun.clear()
    return running
  }

  lose(event: Named): void {
    this.#end({ ...event, outcome: 'lost', error: LOST })
  }

  #end({ ref, id, type, reason, outcome, error }: Named & Rehearsed): void {
    this.#begun.delete(ref)
    this.ended.set(ref, { ref, id, type, reason, outcome, error })
    this.#progress(this.ended.size)
  }
}

const LOST = { name: 'Lost', code: null, handler: null, message: 'its handlers ended their process' }

/** One process from its start to its end. True: it was through with all it was given. */
function act(wish: ToStage, notes: Notes, { env, addons, signal }: PlayOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stage = begin(wish, env, addons)
    const stop = () => void stage.kill('SIGKILL')
    let ready = false
    let over = false
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    stage.on('message', (message: FromStage) => {
      if (message.kind === 'refused') return reject(failure(message.error.code, message.error.values))
      ready ||= message.kind === 'ready'
      over ||= message.kind === 'over'
      notes.hear(message)
    })
    stage.once('error', reject)
    stage.once('close', (code, ended) => {
      signal.removeEventListener('abort', stop)
      if (!ready && !signal.aborted) reject(failure('rehearsal_broken', { what: `it ended with ${code ?? ended}` }))
      resolve(over)
    })
    stage.send(wish)
  })
}

/** The same file as source and as published. Node's own permissions stand behind our walls: no write, no child, no thread. */
function begin({ cwd, folder }: ToStage, env: PlayOptions['env'], addons: boolean): ChildProcess {
  const file = new URL(import.meta.url.endsWith('.ts') ? './stage.ts' : './stage.js', import.meta.url)
  const files = ['--allow-fs-read=*', `--allow-fs-write=${folder}`, `--allow-fs-write=${join(folder, '*')}`]
  const permissions = ['--permission', ...files, ...(addons ? ['--allow-addons'] : [])]
  return fork(fileURLToPath(file), [], {
    ...{ cwd, env: { ...env }, execArgv: [...process.execArgv, ...permissions] },
    // What handlers print is theirs, and may hold anything.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}

import { settled } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { HandlerContext } from '../../processing/context.ts'
import { turns } from '../rest.ts'
import type { UnderWay } from '../under-way.ts'
import type { Attempt, Call } from './attempt.ts'
import { never } from './line.ts'
import type { Fault } from './plan.ts'

export interface CallsDeps {
  readonly faults: readonly Fault[]
  readonly kinds: Map<string, 'sync' | 'async'>
  readonly jitter: Random | null
  readonly underWay: UnderWay
  /** The process of this attempt ends. */
  die(attempt: Attempt): void
  /** Resolves when a very late answer is to come. */
  readonly end: Promise<void>
  /** A call that was begun after its handler had returned. */
  stray(attempt: Attempt, call: Call): void
}

/** Stands between handlers and everything that they wait for, and does to their calls what the plan says. */
export class Calls {
  readonly #deps: CallsDeps

  constructor(deps: CallsDeps) {
    this.#deps = deps
  }

  make(attempt: Attempt, signal: () => AbortSignal, name: string, make: () => unknown): unknown {
    const { kinds, jitter } = this.#deps
    if (attempt.line.dead) return this.#dead(name)
    const call = attempt.begins(name)
    if (attempt.ended !== null) this.#deps.stray(attempt, call)
    const fault = this.faultOf(attempt, call.n)
    if (fault?.harm === 'fails') return this.#fails(call, failed(name, 'failed'))
    if (jitter && kinds.get(name) === 'async')
      return this.#answer(attempt, call, { signal, fault, make: () => turns(some(jitter)).then(make) })
    const value = make()
    kinds.set(name, isPromise(value) ? 'async' : 'sync')
    if (isPromise(value)) return this.#answer(attempt, call, { signal, fault, make: () => value })
    return this.#sync(attempt, call, fault, value)
  }

  faultOf({ event, handler, n }: Attempt, call: number | null): Fault | undefined {
    if (n > 1) return undefined
    return this.#deps.faults.find((one) => one.event === event && one.handler === handler && one.call === call)
  }

  /** The context, with its ways to write seen as calls. Its parts may be taken out of it, as from the real one. */
  context(attempt: Attempt, real: HandlerContext): HandlerContext {
    const signal = () => real.signal
    const made = <V>(name: string, make: () => Promise<V>) => this.make(attempt, signal, name, make) as Promise<V>
    const seen: Pick<HandlerContext, 'once' | 'transaction' | 'settleIn' | 'onceIn'> = {
      once: (name, effect) => made(`once ${name}`, () => real.once(name, effect)),
      transaction: (write) => made('transaction', () => real.transaction(write)),
      settleIn: (tx) => made('settleIn', () => real.settleIn(tx)),
      onceIn: (tx, name) => made(`onceIn ${name}`, () => real.onceIn(tx, name)),
    }
    return Object.assign(Object.create(real) as HandlerContext, seen)
  }

  async #answer(attempt: Attempt, call: Call, { signal, fault, make }: Answering): Promise<unknown> {
    const { underWay, jitter } = this.#deps
    call.kind = 'async'
    const value = await make()
    // An answer takes at least a turn, so that who does not wait for it returns before it comes.
    await (jitter ? turns(some(jitter)) : settled())
    if (attempt.line.dead) return never
    if (fault?.harm === 'late' || fault?.harm === 'very late') await this.#late(attempt, call, { signal, fault })
    call.answered = true
    if (attempt.ended === null) underWay.moves(attempt)
    if (fault?.harm === 'dies') return this.#dies(attempt, call)
    if (fault?.harm === 'answer lost')
      return this.#fails(call, failed(call.name, 'did its work, but its answer got lost'))
    return value
  }

  #sync(attempt: Attempt, call: Call, fault: Fault | undefined, value: unknown): unknown {
    call.answered = true
    if (fault?.harm === 'answer lost')
      return this.#fails(call, failed(call.name, 'did its work, but its answer got lost'))
    if (fault?.harm !== 'dies') return value
    this.#dies(attempt, call)
    throw new Error('this process is dead')
  }

  async #late(attempt: Attempt, call: Call, { signal, fault }: Pick<Answering, 'signal'> & { fault: Fault }) {
    call.note = fault.harm === 'late' ? 'answered after the time-out' : 'answered when all was done'
    this.#deps.underWay.leaves(attempt)
    await (fault.harm === 'late' ? aborted(signal()) : this.#deps.end)
  }

  #dies(attempt: Attempt, call: Call): Promise<never> {
    call.note = 'then the process died'
    this.#deps.die(attempt)
    return never
  }

  #fails(call: Call, error: Error): Promise<never> {
    call.answered = true
    call.note = error.message.slice(call.name.length + 1).replace(', as was wished', '')
    if (this.#deps.kinds.get(call.name) === 'sync') throw error
    return Promise.reject(error)
  }

  #dead(name: string): Promise<never> {
    if (this.#deps.kinds.get(name) === 'sync') throw new Error('this process is dead')
    return never
  }
}

interface Answering {
  readonly signal: () => AbortSignal
  readonly fault: Fault | undefined
  make(): unknown
}

const failed = (name: string, how: string) =>
  Object.assign(new Error(`${name} ${how}, as was wished`), { code: 'EPROVE' })

const JITTER_TURNS = 8
const some = (random: Random): number => Math.floor(random() * JITTER_TURNS)

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

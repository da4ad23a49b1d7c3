import type { DatabaseSync } from 'node:sqlite'
import { Dead, Later } from '../../../src/core/outcome.ts'
import type { Random } from '../../../src/core/random.ts'
import type { HandlerContext } from '../../../src/processing/context.ts'
import { createHandlers, type Handlers } from '../../../src/processing/handlers.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Witness } from './checkers.ts'

/** How handlers misbehave, as shares of all attempts. */
export interface Moods {
  readonly throws: number
  readonly later: number
  readonly dead: number
  readonly hangs: number
}

export const calm: Moods = { throws: 0, later: 0, dead: 0, hangs: 0 }

interface WorkDeps {
  readonly witness: Witness
  readonly random: Random
  readonly strict: boolean
  /** False once this process is dead: what it still does is done to nobody. */
  readonly alive: () => boolean
  /** Asked at each attempt: the mood changes. */
  readonly moods: () => Moods
  /** The ledger without faults, for looking. */
  readonly store: Store
  /** Runs a check and keeps what it finds: a handler that threw would only be tried again. */
  readonly checking: (check: () => void) => void
}

const TIMEOUT_MS = 2_000

/** Two handlers of every event: one sends a mail by `once`, one books in a transaction. Either may fail before or after. */
export function handlersOf(deps: WorkDeps): Handlers {
  const handlers = createHandlers({ timeoutMs: TIMEOUT_MS })
  const order = deps.strict ? 'strict' : 'flow'
  handlers.on('*', { name: 'mail', order }, async (_event, context) => {
    await misbehave(deps)
    const key = await context.once('mail', (key) => {
      if (deps.alive()) deps.checking(() => deps.witness.mails(key))
      return key
    })
    if (deps.alive()) deps.witness.mailed(key)
    await misbehave(deps)
  })
  handlers.on('*', { name: 'book', order }, async (event, context) => {
    if (!deps.alive()) return
    await inLane(deps, event.id, context, async () => {
      await misbehave(deps)
      if (deps.strict) await checkOrder(deps, event.id)
      await context.transaction((db) => book(db, event))
    })
    await misbehave(deps)
  })
  return handlers
}

async function inLane(deps: WorkDeps, id: string, context: HandlerContext, work: () => Promise<void>): Promise<void> {
  let end = () => {}
  deps.checking(() => {
    end = deps.witness.begins(id, context.lane)
  })
  // Told to stop, it holds nobody up any more, whether or not it listens.
  context.signal.addEventListener('abort', end)
  try {
    await work()
  } finally {
    end()
  }
}

async function misbehave({ random, moods }: WorkDeps): Promise<void> {
  const { throws, later, dead, hangs } = moods()
  const mood = random()
  if (mood < throws) throw new Error('billing is down')
  if (mood < throws + later) throw new Later(500)
  if (mood < throws + later + dead) throw new Dead('no such plan')
  if (mood < throws + later + dead + hangs) await new Promise(() => {})
}

async function checkOrder({ witness, checking, store: { ledger } }: WorkDeps, id: string): Promise<void> {
  const states = ['waiting', 'running', 'dead'] as const
  const pages = await Promise.all(states.map((state) => ledger.find({ state, limit: 1_000 })))
  const open = pages.flatMap(({ data }) => data)
  const self = open.find((entry) => entry.id === id)
  const attempt = self && (await ledger.open(self.ref))?.timeline.at(-1)
  if (attempt?.kind !== 'attempt' || attempt.outcome !== 'running') return
  checking(() => witness.inOrder(self!, attempt.startedAt, open))
}

// No primary key: a second effect must be seen, not refused.
export const EFFECTS = 'create table if not exists effects (id text not null, amount integer not null)'

function book(db: DatabaseSync, event: { id: string; type: string; data: { object: unknown } }): void {
  const { amount_paid: paid = 0 } = event.data.object as { amount_paid?: number }
  db.exec(EFFECTS)
  db.prepare('insert into effects values (?, ?)').run(event.id, event.type === 'invoice.paid' ? paid : 0)
}

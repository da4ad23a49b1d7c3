import type { DatabaseSync } from 'node:sqlite'
import { failure } from '../core/errors.ts'
import type { Logger } from '../core/service.ts'
import type { Store } from '../store/store.ts'
import { insertEffect } from './effects.ts'
import type { Registered } from './handlers.ts'
import { stableKey } from './key.ts'
import { onceFor } from './once.ts'
import { assertOurs, type Seat } from './seat.ts'
import type { Turn } from './turn.ts'
import { effectsTx, type Tx } from './tx.ts'

/** What a handler gets beside the event. Its parts may be taken out of it (`{ once, signal }`). */
export interface HandlerContext {
  /** 1 for the first. */
  readonly attempt: number
  /** Rises with each lease of the lane: send it on, and a receiver that keeps the highest refuses what comes late. */
  readonly fence: number
  readonly lane: string
  readonly apiVersion: string | null
  /** Stripe's own bytes, for those who pass the event on. */
  readonly bytes: Uint8Array
  /** Aborts at the time-out, and when the process stops. */
  readonly signal: AbortSignal
  /** Bears the event's id and type and the handler's name. What you log is yours to keep free of personal data. */
  readonly log: Logger
  /** A newer event of this object was already done. */
  readonly stale: boolean
  /**
   * Runs `effect` and remembers what it gave, so that later attempts do not repeat it: at least once, since a crash may come
   * between the effect and the memory. `key` is the same in every attempt: send it on as idempotency key. What comes back is
   * what JSON keeps of the value, the first time too. The same name again in one attempt gives the first promise. Rejects with
   * `stale_lease` when the event is no longer ours.
   */
  once<V>(name: string, effect: (key: string) => Promise<V> | V): Promise<V>
  /**
   * Embedded SQLite: your tables live in the ledger's file, and your writes and the memory that this handler is done commit
   * together or not at all. Once for each handler and attempt; make it the last thing that the handler does.
   */
  transaction<V>(write: (db: DatabaseSync) => V): Promise<V>
  /**
   * Business data in the ledger's own Postgres: the memory that this handler is done, in your transaction. Both commit together
   * or not at all. Rejects with `stale_lease` when the event is no longer ours: let it roll back. Make it the last statement.
   */
  settleIn(tx: Tx): Promise<void>
  /**
   * Business data in a database elsewhere: a row in `hookkeeper_effects`, in your transaction. False: that was done before.
   * Where another transaction is at it just now, the answer waits for how that one ends.
   */
  onceIn(tx: Tx, name: string): Promise<boolean>
}

export interface ContextDeps {
  readonly store: Pick<Store, 'ledger' | 'transact' | 'settleIn'>
  readonly log: Logger
}

export function contextFor(handler: Registered, seat: Seat, deps: ContextDeps): HandlerContext {
  const { work } = seat.running
  let once: HandlerContext['once'] | null = null
  return {
    attempt: work.attempt,
    fence: work.fence,
    lane: work.lane,
    apiVersion: work.event.apiVersion,
    bytes: work.event.body,
    stale: work.stale,
    get signal() {
      return seat.turn.signal
    },
    get log() {
      return bearing(deps.log, { id: work.event.id, type: work.event.type, handler: handler.name })
    },
    once: (name, effect) => {
      once ??= onceFor(handler.name, seat, deps.store.ledger)
      return once(name, effect)
    },
    transaction: (write) => transaction(handler.name, { seat, write }, deps.store),
    settleIn: (tx) => settleIn(tx, { seat, name: handler.name }, deps.store),
    onceIn: async (tx, name) => insertEffect(await effectsTx(tx), stableKey(work.event, handler.name, name)),
  }
}

const transactions = new WeakSet<Turn>()

async function transaction<V>(
  name: string,
  { seat, write }: { seat: Seat; write: (db: DatabaseSync) => V },
  { transact }: Pick<Store, 'transact'>,
): Promise<V> {
  if (!transact) throw failure('transaction_unavailable')
  assertOurs(seat)
  if (transactions.has(seat.turn)) throw failure('transaction_twice', { handler: name })
  transactions.add(seat.turn)
  try {
    const value = await transact(seat.running.work, { name, last: seat.last }, write)
    seat.turn.committed = true
    return value
  } catch (error) {
    // Rolled back: nothing of it is left, so the handler may try another.
    transactions.delete(seat.turn)
    throw error
  }
}

async function settleIn(
  given: Tx,
  { seat, name }: { seat: Seat; name: string },
  { settleIn }: Pick<Store, 'settleIn'>,
): Promise<void> {
  if (!settleIn) throw failure('settle_in_unavailable')
  const tx = await effectsTx(given)
  if (tx.dialect !== 'postgres') throw failure('settle_in_elsewhere', { dialect: tx.dialect })
  assertOurs(seat)
  seat.turn.settling = true
  await settleIn.write(tx, seat.running.work, { name, last: seat.last })
}

const bearing = (log: Logger, own: object): Logger => ({
  debug: (fields, message) => log.debug({ ...fields, ...own }, message),
  info: (fields, message) => log.info({ ...fields, ...own }, message),
  warn: (fields, message) => log.warn({ ...fields, ...own }, message),
  error: (fields, message) => log.error({ ...fields, ...own }, message),
})

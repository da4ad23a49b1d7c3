import type { Clock } from '../core/clock.ts'
import { failure } from '../core/errors.ts'
import type { Logger } from '../core/service.ts'
import type { Store } from '../store/store.ts'

/** Before anything is taken or worked. The flag may stay where it is: a second start only says that it was done. */
export async function restoreFrom({ ledger }: Store, from: number, { clock, log }: Watch): Promise<void> {
  const back = new Date(from).toISOString()
  if (from > clock.now()) throw failure('restore_future', { from: back })
  const { kind, at, held } = await ledger.restore(from, { by: 'start', why: `restored from ${back}` })
  const fields = { restoredFrom: back, at: new Date(at).toISOString(), held }
  if (kind === 'already') log.info(fields, 'this back-up was put back before; nothing more was held')
  else log.warn(fields, 'a back-up was put back: open and older events are held until do release or do record')
}

interface Watch {
  readonly clock: Clock
  readonly log: Logger
}

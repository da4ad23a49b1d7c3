import type { StorePromise } from './harness.ts'
import { admitting } from './store/admit.ts'
import { changing } from './store/changes.ts'
import { classes } from './store/classes.ts'
import { keyKeeping } from './store/edge-keys.ts'
import { holding } from './store/hold.ts'
import { lanes } from './store/lanes.ts'
import { leasing } from './store/lease.ts'
import { looking } from './store/look.ts'
import { losing } from './store/lost.ts'
import { remembering } from './store/memory.ts'
import { moving } from './store/move.ts'
import { records } from './store/records.ts'
import { repairing } from './store/repair.ts'
import { restoring } from './store/restore.ts'
import { settling } from './store/settle.ts'
import { transacting } from './store/transact.ts'
import { twins } from './store/twins.ts'
import { rolling } from './store/workers.ts'

/** What every store promises, by subject. A store that keeps them all can stand under the rest of the product. */
export const storeSuite: Readonly<Record<string, readonly StorePromise[]>> = {
  admit: admitting,
  lease: leasing,
  lanes,
  classes,
  settle: settling,
  lost: losing,
  twins,
  memory: remembering,
  hold: holding,
  move: moving,
  repair: repairing,
  restore: restoring,
  look: looking,
  changes: changing,
  transact: transacting,
  records,
  edgeKeys: keyKeeping,
  workers: rolling,
}

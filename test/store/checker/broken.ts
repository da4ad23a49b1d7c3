import * as real from '../../../src/store/transitions.ts'
import type { Transitions } from './ledger.ts'

const { expire, giveBack, lease, lose, owns, renew, reopen, settle } = real

/** The module as it is, with one thing wrong. Each is a mistake that somebody could make in an afternoon. */
export const brokenVariants: Readonly<Record<string, Transitions>> = {
  'settle forgets to look at the fence': {
    ...real,
    settle: (row, end) => settle(row, { ...end, fence: row.fence }),
  },
  'settle takes what comes after the lease ran out': {
    ...real,
    settle: (row, end) => settle(row, { ...end, now: Math.min(end.now, row.leaseEndsAt - 1) }),
  },
  'settle takes a second result for what is done': {
    ...real,
    settle: (row, end) => (row.state === 'done' ? { row: { ...row }, settled: 'settled' } : settle(row, end)),
  },
  'lease does not ask whether the lane is busy': {
    ...real,
    lease: (row, wish) => lease(row, { ...wish, laneBusy: false }),
  },
  'lease takes what is running': {
    ...real,
    lease: (row, wish) => lease(row.state === 'running' ? { ...row, state: 'waiting' } : row, wish),
  },
  'lease does not wait until an event is due': {
    ...real,
    lease: (row, wish) => lease({ ...row, dueAt: wish.now }, wish),
  },
  'lease keeps the fence of the lease before': {
    ...real,
    lease: (row, wish) => withFence(lease(row, wish), Math.max(1, row.fence)),
  },
  'an expiry is not counted as lost': {
    ...real,
    expire: (row, now) => withLost(expire(row, now), row.lost),
  },
  'an expiry does not wait for the end of the lease': {
    ...real,
    expire: (row, now) => lose(row, now),
  },
  'a boot leaves leases running': {
    ...real,
    lose: () => null,
  },
  'a give-back leaves the event running': {
    ...real,
    giveBack: (row, back) => withState(giveBack(row, back), 'running'),
  },
  'a give-back does not uncount the attempt': {
    ...real,
    giveBack: (row, back) => giveBack({ ...row, attempts: row.attempts + 1 }, back),
  },
  'a give-back is taken from whoever lost the lease': {
    ...real,
    giveBack: (row, back) => giveBack(row, { ...back, fence: row.fence }),
  },
  'a renewal is taken after the lease ran out': {
    ...real,
    renew: (row, more) =>
      owns(row, more.fence, row.leaseEndsAt - 1) ? { ...row, leaseEndsAt: more.now + more.leaseMs } : renew(row, more),
  },
  'reopen starts the fence anew': {
    ...real,
    reopen: (row, now) => withFence(reopen(row, now), 0),
  },
  'reopen takes what is running': {
    ...real,
    reopen: (row, now) => reopen({ ...row, state: row.state === 'running' ? 'dead' : row.state }, now),
  },
  'discard takes what is running': {
    ...real,
    close: (row, reason) => real.close({ ...row, state: row.state === 'running' ? 'waiting' : row.state }, reason),
  },
  'a repeat of what is done is admitted anew': {
    ...real,
    admitted: (row) => (row?.state === 'done' ? 'new' : real.admitted(row)),
  },
}

type Row = real.Row
const withFence = (row: Row | null, fence: number): Row | null => row && { ...row, fence }
const withLost = (row: Row | null, lost: number): Row | null => row && { ...row, lost }
const withState = (row: Row | null, state: Row['state']): Row | null => row && { ...row, state }

import type { Row } from '../../../src/store/transitions.ts'
import { LANE, NOW, type State } from './state.ts'

/** What somebody did to an event, and whether that may change it as things stand. */
export interface Cause {
  readonly action: string
  readonly allowed: boolean
  readonly who?: string
}

/** The sentence that a step breaks, or null: what must be true of any ledger, said without its transitions. */
export function brokenBy(
  before: State,
  after: State,
  { event, cause }: { event: number; cause: Cause },
): string | null {
  const was = before.rows[event] ?? null
  const is = after.rows[event]!
  if (!cause.allowed) return `${cause.action} changed ${shown(was)} to ${shown(is)}, which it may not`
  const busy = LANE.filter((_, i) => after.rows[i]?.state === 'running')
  if (new Set(busy).size < busy.length) return 'two events of one lane are running'
  if (after.worked[event]! > 1) return 'an event was settled as worked twice'
  return wrongInItself(is) ?? wrongStep(was, is, cause.action)
}

function wrongInItself(row: Row): string | null {
  if (row.state === 'running' && !(row.leaseEndsAt > NOW && row.fence > 0)) return 'what runs has no lease that ends'
  if (row.state === 'waiting' && !Number.isFinite(row.dueAt)) return 'what waits has no instant from which on it is due'
  if ((row.state === 'done' || row.state === 'dead') !== (row.reason !== null))
    return 'only what is closed has a reason'
  if (row.attempts < 0 || row.lost < 0) return 'attempts or losses are below zero'
  return null
}

function wrongStep(was: Row | null, is: Row, action: string): string | null {
  if (was === null) return null
  if (is.fence < was.fence) return `the fence went back from ${was.fence} to ${is.fence}`
  if (action === 'lease' && is.fence <= was.fence) return 'two leases have one fence'
  const state = WANTED_STATE[action]
  if (state && !state.includes(is.state)) return `after ${action} the event is ${is.state}`
  const attempts = was.attempts + (COUNTED[action] ?? 0)
  if (action !== 'reopen' && is.attempts !== attempts) return `${action} counted ${is.attempts - was.attempts} attempts`
  const lost = lossesAfter(action, was.lost)
  if (lost !== null && is.lost !== lost) return `after ${action} ${is.lost} losses are counted, not ${lost}`
  return null
}

/** What each action adds to the attempts. */
const COUNTED: Readonly<Record<string, number>> = { lease: 1, 'give back': -1, 'settle wait': -1 }

/** An attempt that ends in any way ends the row of losses; what an operator closes is closed, whatever it counts. */
function lossesAfter(action: string, before: number): number | null {
  if (action === 'expire' || action === 'lose') return before + 1
  if (action === 'discard' || action === 'quarantine') return null
  return action === 'reopen' || action.startsWith('settle') ? 0 : before
}

const WANTED_STATE: Readonly<Record<string, readonly string[]>> = {
  lease: ['running'],
  renew: ['running'],
  expire: ['waiting'],
  lose: ['waiting'],
  'give back': ['waiting'],
  reopen: ['waiting'],
  discard: ['done'],
  quarantine: ['dead'],
  'settle done': ['done'],
  'settle retry': ['waiting'],
  'settle wait': ['waiting'],
  'settle dead': ['dead'],
}

const shown = (row: Row | null): string => (row ? `${row.state} (fence ${row.fence})` : 'nothing')

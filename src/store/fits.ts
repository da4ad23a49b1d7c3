import { matches } from '../core/event.ts'
import type { Entry, Query } from './store.ts'

/** Does an entry have all that a query asks for, `superseded` apart? */
export function fits(entry: Entry, query: Omit<Query, 'limit' | 'cursor'>): boolean {
  return (
    is(query.id, entry.id) &&
    (query.type === undefined || matches(query.type, entry.type)) &&
    is(query.state, entry.state) &&
    (query.reason === undefined || [query.reason].flat().includes(entry.reason ?? '')) &&
    is(query.held, entry.held !== null) &&
    is(query.customer, entry.customer) &&
    is(query.object, entry.object) &&
    is(query.lane, entry.lane) &&
    is(query.account, entry.tenant.account) &&
    is(query.connected, entry.tenant.connected) &&
    is(query.livemode, entry.tenant.livemode) &&
    is(query.endpoint, entry.endpoint) &&
    is(query.handledBy, entry.release) &&
    (query.since === undefined || entry.receivedAt >= query.since) &&
    (query.until === undefined || entry.receivedAt <= query.until)
  )
}

const is = <V>(wanted: V | undefined, value: V | null): boolean => wanted === undefined || wanted === value

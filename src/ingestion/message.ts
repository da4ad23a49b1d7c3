import { createHash } from 'node:crypto'
import type { Message } from '../broker/broker.ts'
import type { Envelope } from '../core/event.ts'

/** An event on its way through a broker: its lane orders it, and what it says of itself is read again behind the broker. */
export const toMessage = (envelope: Envelope, at: number): Message => ({
  id: idOf(envelope),
  key: envelope.lane,
  body: envelope.body,
  attributes: { account: envelope.tenant.account, endpoint: envelope.endpoint, received: String(at) },
})

/** A broker may drop a second message of one id: so one id must never be two tenants' events. */
function idOf({ id, tenant: { account, connected, livemode } }: Envelope): string {
  if (account === 'default' && connected === null && livemode) return id
  const whole = `${account}/${connected ?? ''}/${livemode ? '' : 'test'}:${id}`
  return whole.length <= ID_CHARS_MAX ? whole : createHash('sha256').update(whole).digest('hex')
}

const ID_CHARS_MAX = 255

import { hash } from 'node:crypto'
import type { Event } from '../core/event.ts'

/** Names one effect of one handler on one event: the same in every attempt and after every replay, in no other tenant. */
export function stableKey({ id, tenant }: Event, handler: string, name: string): string {
  const parts = [tenant.account, tenant.connected, tenant.livemode, id, handler, name]
  return hash('sha256', JSON.stringify(parts)).slice(0, KEY_CHARS)
}

/** 128 bits: enough never to meet by chance, short enough for any header or column. */
export const KEY_CHARS = 32

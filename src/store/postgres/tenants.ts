import type { Tenant } from '../../core/event.ts'

/** `live`, the Connect account or nothing, and our own account's name, which comes last because it may hold anything. */
export const tenantText = ({ account, connected, livemode }: Tenant): string =>
  `${livemode ? 'live' : 'test'} ${connected ?? ''} ${account}`

export function tenantOf(text: string): Tenant {
  const [, mode, connected, account] = /^(live|test) (\S*) (.*)$/s.exec(text) ?? []
  return { account: account ?? '', connected: connected || null, livemode: mode === 'live' }
}

import { isIP } from 'node:net'

export interface Sender {
  /** The whole of X-Forwarded-For. */
  readonly forwarded: string | undefined
  readonly remote: string | undefined
}

/**
 * Who sent it. Behind a trusted proxy: the last entry of X-Forwarded-For, which is the one that this proxy wrote; those
 * before it are the client's word.
 */
export function addressOf({ forwarded, remote }: Sender, trustProxy: boolean): string {
  const last = (trustProxy ? (forwarded ?? '') : '').split(',').at(-1)?.trim()
  return last && isIP(last) ? last : (remote ?? 'unknown')
}

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * Who sent it. Behind a trusted proxy: the last entry of X-Forwarded-For, which is the one that this proxy wrote; those
 * before it are the client's word.
 */
export function addressOf(req: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? req.headers['x-forwarded-for'] : undefined
  const last = String(forwarded ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return last && isIP(last) ? last : (req.socket.remoteAddress ?? 'unknown')
}

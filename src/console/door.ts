import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { failure, type HookkeeperError } from '../core/errors.ts'

/** What needs no token. */
export const OPEN: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** Who may come in. */
export interface Door {
  /** Null only on loopback. */
  readonly token: string | null
  /** Names by which this listener may be called, besides loopback's. */
  readonly hosts: readonly string[]
  /** Only this machine can reach it. */
  readonly loopback: boolean
}

/** Why a request is turned away before anything looks at it, or null. */
export function refusal({ method = '', url = '', headers }: IncomingMessage, door: Door): HookkeeperError | null {
  if (!hostFits(headers.host, door)) return failure('host_refused')
  if (method !== 'GET' && method !== 'HEAD' && foreign(headers)) return failure('origin_refused')
  if (!OPEN.has(url.split('?', 1)[0] ?? '') && !tokenFits(headers.authorization, door.token))
    return failure('unauthorized')
  return null
}

/**
 * A page of another site can reach a private listener by letting its own name point here (DNS rebinding); the Host header then
 * bears that name. An address is no such name, so that off loopback, where a token is asked for anyway, any address will do.
 */
function hostFits(host: string | undefined, { hosts, loopback }: Door): boolean {
  const name = nameOf(host)
  if (name === null) return false
  return isLoopback(name) || hosts.includes(name) || (!loopback && isIP(name) !== 0)
}

function nameOf(host: string | undefined): string | null {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(host ?? '') ?? []
  return (six ?? name)?.toLowerCase() ?? null
}

export const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))

/** Browsers say where a page that acts comes from; programs say nothing. */
function foreign({ origin, host, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean {
  if (site === 'cross-site' || site === 'same-site') return true
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}

function tokenFits(authorization: string | undefined, token: string | null): boolean {
  if (token === null) return true
  const [, given] = /^Bearer +(\S.*)$/i.exec(authorization?.trimEnd() ?? '') ?? []
  // Digests are of one length, whatever was given: the comparison tells nothing by its time.
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string) => createHash('sha256').update(text).digest()

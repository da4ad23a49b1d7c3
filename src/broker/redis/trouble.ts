import { BrokerError, type BrokerErrorKind } from '../broker.ts'

/**
 * What Redis or the way to it said, as a broker's error. Only the code at its beginning is taken over: what follows may quote the
 * command, and with it a body; the client's own error carries the whole command.
 */
export function trouble(place: string, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  // A mistake of ours is none of the world's troubles, which are tried again.
  if (error instanceof TypeError || error instanceof RangeError) throw error
  const code = codeOf(error)
  const [kind, why] = KNOWN[code] ?? [refusedBy(error) ? 'refused' : 'unreachable']
  return new BrokerError(kind, `${place}: ${why ?? (kind === 'refused' ? `Redis answered ${code}` : NO_WAY)}`)
}

/** Redis has heard it and said no; else it is not known what became of it. */
export const refusedBy = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

/** `OOM`, `READONLY`, ... or, where the way to Redis is the trouble, the system's code. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return /^[A-Z]{2,}/.exec(error.message)?.[0] ?? 'unknown'
}

const NO_WAY = 'Redis cannot be reached'

const KNOWN: Readonly<Record<string, readonly [BrokerErrorKind, string?]>> = {
  OOM: ['refused', 'Redis is full: let the backlog drain, or raise maxmemory'],
  MISCONF: ['not-durable', 'Redis cannot write to its disk'],
  NOREPLICAS: ['not-durable', 'Redis has fewer replicas than min-replicas-to-write'],
  READONLY: ['unreachable', 'this Redis is a replica now'],
  LOADING: ['unreachable', 'Redis still loads its data'],
  MASTERDOWN: ['unreachable', 'this Redis is a replica without its master'],
  CLUSTERDOWN: ['unreachable', 'the cluster is down'],
  TRYAGAIN: ['unreachable', 'the cluster moves its slots'],
  MOVED: ['unreachable', 'the cluster moved the stream, and it was not found'],
  UNBLOCKED: ['unreachable', 'the stream was removed or moved meanwhile'],
  NOAUTH: ['refused', 'Redis asks for a password'],
  WRONGPASS: ['refused', 'Redis does not know this user or password'],
  NOPERM: ['refused', 'this user of Redis may not do that'],
  WRONGTYPE: ['refused', 'the key of that name is no stream'],
}

/** SQLSTATEs: lost connections, serialization failures, deadlocks, locks held, no connection left, servers that stop or start. */
const SQLSTATE = /^(08\w{3}|40001|40P01|53300|55P03|57P0[1-5])$/

/** The system's, undici's, and those of `postgres`, `mysql2` and Prisma for the same. */
const CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'],
  ...[
    'PROTOCOL_CONNECTION_LOST',
    'ER_CON_COUNT_ERROR',
    'ER_SERVER_SHUTDOWN',
    'ER_LOCK_DEADLOCK',
    'ER_LOCK_WAIT_TIMEOUT',
  ],
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2034'],
])

/** `pg` has no code for these. */
const MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/

/** A client's error may stand behind our own, and behind that of a library around the client. */
const DEPTH = 4

/** Whether an error says that a connection broke or a transaction lost a race: nothing of the event that it happened to. */
export function isTransient(error: unknown): boolean {
  let at = error
  for (let depth = 0; depth < DEPTH && at instanceof Error; depth++) {
    const code = 'code' in at ? String(at.code) : ''
    if (SQLSTATE.test(code) || CODES.has(code) || MESSAGES.test(at.message)) return true
    at = at.cause
  }
  return false
}

/** One system call of a process, and where in the trace it began and ended. */
export interface Call {
  readonly name: string
  /** Line numbers: strace writes down what it sees in the order in which it sees it. */
  readonly began: number
  readonly ended: number
  /** What stands in the brackets. */
  readonly text: string
}

/** Puts together what strace writes of all threads; a call during which another thread was seen stands in two lines. */
export function callsOf(lines: readonly string[]): Call[] {
  const open = new Map<string, Omit<Call, 'ended'>>()
  const calls: Call[] = []
  for (const [at, line] of lines.entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+[\d.]+ (.*)$/.exec(line) ?? []
    const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? []
    const [, name = '', text = ''] = /^(\w+)\((.*)$/.exec(rest) ?? []
    const begun = open.get(thread)
    if (resumed !== undefined && begun) {
      open.delete(thread)
      calls.push({ ...begun, ended: at, text: begun.text + resumed })
    } else if (name !== '' && text.endsWith('<unfinished ...>')) open.set(thread, { name, began: at, text })
    else if (name !== '') calls.push({ name, began: at, ended: at, text })
  }
  return calls.sort((a, b) => a.began - b.began)
}

export interface Answer200 {
  /** The socket, as strace shows it. */
  readonly socket: string
  /** Null: it was durable. Else what is missing between the request and the answer. */
  readonly missing: string | null
}

const READS = ['read', 'recvfrom', 'recvmsg', 'readv']
const WRITES = ['write', 'writev', 'sendto', 'sendmsg']
const SYNCS = ['fsync', 'fdatasync']
export const TRACED = [...READS, ...WRITES, ...SYNCS, 'pwrite64', 'pwritev']

/**
 * For each 200 that went out: between the read of its request and the write of the answer something was written into a segment
 * of `ledger`, and after that a sync of it began and ended.
 */
export function answers200(calls: readonly Call[], ledger: string): Answer200[] {
  const segment = `<${ledger}-arrivals/`
  const logged = calls.filter(({ name, text }) => name.startsWith('pwrite') && text.includes(segment))
  const synced = calls.filter(({ name, text }) => SYNCS.includes(name) && text.includes(segment) && / = 0\b/.test(text))
  return calls.flatMap((answer, n) => {
    if (!WRITES.includes(answer.name) || !answer.text.includes('HTTP/1.1 200')) return []
    const socket = socketOf(answer)
    const request = calls.slice(0, n).findLast((call) => READS.includes(call.name) && socketOf(call) === socket)
    if (!request) return [{ socket, missing: 'the request' }]
    const write = logged.find(({ began }) => began > request.ended && began < answer.began)
    if (!write) return [{ socket, missing: 'a write into a segment' }]
    const sync = synced.find(({ began, ended }) => began > write.ended && ended < answer.began)
    return [{ socket, missing: sync ? null : 'a sync after that write' }]
  })
}

const socketOf = ({ text }: Call): string => /^\d+<(?:TCP|TCPv6|socket):\[[^\]]*\]+>?/.exec(text)?.[0] ?? ''

import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../core/clock.ts'
import type { ErrorCode } from '../core/errors.ts'
import { onTheWire } from './answer.ts'
import type { Intake } from './intake.ts'
import type { Rejections } from './rejections.ts'

export interface BrokenDeps {
  readonly intake: Pick<Intake, 'refuse'>
  readonly rejections: Rejections
  readonly clock: Clock
  readonly headerBytesMax: number
}

/**
 * What Node's parser gives up on never becomes a request: garbage, two lengths, endless headers, a sender that
 * trickles. It gets its 4xx and is cut off.
 */
export function answerBrokenRequests(server: Server, { intake, rejections, clock, headerBytesMax }: BrokenDeps): void {
  const answered = new WeakSet<Duplex>()

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The parser complains again about each further piece.
    if (answered.has(socket)) return
    answered.add(socket)
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()

    const code = codeOf(error)
    const answer = intake.refuse(code, { max: headerBytesMax })
    rejections.add(('remoteAddress' in socket && String(socket.remoteAddress)) || 'unknown', code, answer.status)
    socket.end(onTheWire(answer, ['Connection', 'close']))
    // Closing with bytes unread resets the connection, and the answer would be lost on the way.
    clock.after(LINGER_MS, () => socket.destroy())
  })
}

const LINGER_MS = 500

function codeOf({ code }: NodeJS.ErrnoException): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  if (code === 'HPE_INVALID_EOF_STATE') return 'request_torn'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_too_slow' : 'request_malformed'
}

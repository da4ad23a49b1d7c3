/** What a response says, apart from its body, which is counted and dropped. */
export interface Answer {
  readonly status: number
  readonly keepAlive: boolean
}

/**
 * Reads HTTP/1.1 responses from bytes that come in any pieces. Strict: a version other than 1.1, a response without one
 * plain Content-Length, a folded or nameless header, or a head over 8 KiB throws, since a server under measurement that
 * answers so is not being measured.
 */
export class ResponseParser {
  #head = Buffer.allocUnsafe(HEAD_BYTES_MAX)
  #length = 0
  #matched = 0
  #bodyLeft = -1
  #lastHead = ''
  #last: Head = { status: 0, keepAlive: false, bodyBytes: 0 }
  readonly #answer: (answer: Answer) => void

  constructor(answer: (answer: Answer) => void) {
    this.#answer = answer
  }

  push(bytes: Uint8Array, length = bytes.length): void {
    let at = 0
    while (at < length) {
      at = this.#bodyLeft < 0 ? this.#readHead(bytes, at, length) : this.#skipBody(at, length)
      if (this.#bodyLeft === 0) this.#finish()
    }
  }

  #readHead(bytes: Uint8Array, from: number, to: number): number {
    let at = from
    while (at < to) {
      if (this.#length === HEAD_BYTES_MAX) throw new Error(`The head of a response is over ${HEAD_BYTES_MAX} bytes.`)
      const byte = bytes[at++]!
      this.#head[this.#length++] = byte
      this.#matched = byte === END[this.#matched] ? this.#matched + 1 : byte === CR ? 1 : 0
      if (this.#matched === END.length) {
        this.#bodyLeft = this.#readHeaders().bodyBytes
        return at
      }
    }
    return at
  }

  #readHeaders(): Head {
    const head = this.#head.toString('latin1', 0, this.#length - END.length)
    // Only the date changes between two answers of one server, once a second.
    if (head !== this.#lastHead) {
      this.#last = parseHead(head)
      this.#lastHead = head
    }
    return this.#last
  }

  #skipBody(from: number, to: number): number {
    const taken = Math.min(this.#bodyLeft, to - from)
    this.#bodyLeft -= taken
    return from + taken
  }

  #finish(): void {
    this.#bodyLeft = -1
    this.#length = 0
    this.#matched = 0
    this.#answer(this.#last)
  }
}

interface Head extends Answer {
  readonly bodyBytes: number
}

const HEAD_BYTES_MAX = 8_192
const CR = 13
const END = [13, 10, 13, 10]
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d)(?: [^\r\n]*)?$/
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*?)[ \t]*$/

function parseHead(head: string): Head {
  const [first = '', ...lines] = head.split('\r\n')
  const status = STATUS_LINE.exec(first)?.[1]
  if (!status) throw new Error(`A response begins with ${JSON.stringify(first.slice(0, 40))}, not with HTTP/1.1.`)

  const headers = lines.map(parseHeader)
  const lengths = headers.filter(([name]) => name === 'content-length').map(([, value]) => value)
  if (lengths.length !== 1 || !/^\d{1,9}$/.test(lengths[0]!)) {
    throw new Error(`A response with status ${status} has ${lengths.length} Content-Length headers; one is expected.`)
  }
  const keepAlive = !headers.some(([name, value]) => name === 'connection' && value.toLowerCase() === 'close')
  return { status: Number(status), keepAlive, bodyBytes: Number(lengths[0]) }
}

function parseHeader(line: string): [string, string] {
  const [, name, value] = HEADER_LINE.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error('A response has a header line that is none.')
  return [name.toLowerCase(), value]
}

import type { Line } from './line.ts'

/** One attempt of one handler at one event, as it went. */
export class Attempt {
  readonly event: number
  readonly handler: string
  /** 1 for the first of this handler at this event. */
  readonly n: number
  readonly line: Line
  /** 1 for the first process of the pass. */
  readonly process: number
  readonly calls: Call[] = []
  /** How it ended, in words; null while it goes on. */
  ended: string | null = null

  constructor({ event, handler, n, line, process }: Pick<Attempt, 'event' | 'handler' | 'n' | 'line' | 'process'>) {
    this.event = event
    this.handler = handler
    this.n = n
    this.line = line
    this.process = process
  }

  begins(name: string): Call {
    const call: Call = { n: this.calls.length + 1, name, kind: 'sync', answered: false, note: null }
    this.calls.push(call)
    return call
  }
}

export interface Call {
  readonly n: number
  readonly name: string
  kind: 'sync' | 'async'
  answered: boolean
  /** What became of it, where that is out of the ordinary. */
  note: string | null
}

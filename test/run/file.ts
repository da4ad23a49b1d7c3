import { resolve } from 'node:path'
import type { EventData } from 'node:test'
import { run } from 'node:test'

export interface FileResult {
  readonly file: string
  readonly tookMs: number
  readonly passed: number
  readonly failures: readonly Failure[]
  readonly skips: readonly { readonly name: string; readonly why: string }[]
  /** Seeds, figures and reports that tests told by `t.diagnostic`. */
  readonly notes: readonly string[]
}

export interface Failure {
  readonly name: string
  readonly text: string
}

export interface Limits {
  readonly limitMs: number
  readonly name: string | null
  readonly environment: Readonly<Record<string, string>>
}

/** Code is compiled once and not by each of the many processes of a run. */
const NODE_COMPILE_CACHE = resolve('.cache/compiled')

/** Runs one test file in a process of its own and sums up what it said. Only leaves are counted: a test with subtests is a heading. */
export async function runFile(file: string, { limitMs, name, environment }: Limits): Promise<FileResult> {
  const startedAt = performance.now()
  const tally = new Tally(file, { empty: name !== null })
  const stream = run({
    files: [file],
    signal: AbortSignal.timeout(limitMs),
    env: { NODE_COMPILE_CACHE, ...process.env, ...environment },
    ...(name === null ? {} : { testNamePatterns: [new RegExp(name)] }),
  })
  for await (const { type, data } of stream) {
    if (type === 'test:dequeue') tally.started(data)
    if (type === 'test:pass') tally.passed(data)
    if (type === 'test:fail') tally.failed(data, limitMs)
    if (type === 'test:diagnostic') tally.noted(data)
    if (type === 'test:stderr') tally.said(data.message)
    if (type === 'test:stdout') tally.said(data.message)
  }
  return tally.sum(performance.now() - startedAt)
}

/** What a file printed beside its results is shown only when it failed, and no more of it than this. */
const PRINTED_MAX = 8_000

/** What the runner tells beside what its types say: `entryFile` is missing where the process, not a test in it, is spoken of. */
interface Told {
  readonly entryFile?: string
  readonly testId?: number
  readonly parentId?: number
}

class Tally {
  readonly #file: string
  readonly #empty: boolean
  readonly #failures: Failure[] = []
  readonly #skips: { name: string; why: string }[] = []
  readonly #notes: string[] = []
  readonly #open = new Map<string, string>()
  readonly #parents = new Set<number>()
  #passed = 0
  #printed = ''

  /** `empty`: the file may hold no test, since only some names are asked for. */
  constructor(file: string, { empty }: { empty: boolean }) {
    this.#file = file
    this.#empty = empty
  }

  started(data: EventData.TestDequeue & Told): void {
    if (data.entryFile !== undefined) this.#open.set(`${data.nesting}/${data.name}`, data.name)
  }

  passed(data: EventData.TestPass & Told): void {
    this.#open.delete(`${data.nesting}/${data.name}`)
    // A file with nothing to report reports itself.
    if (data.entryFile === undefined) return
    const why = reason(data)
    if (why !== null) this.#skips.push({ name: data.name, why })
    else if (this.#isLeaf(data) && data.details.type !== 'suite') this.#passed++
  }

  failed(data: EventData.TestFail & Told, limitMs: number): void {
    this.#open.delete(`${data.nesting}/${data.name}`)
    const { failureType } = data.details.error as Error & { failureType?: string }
    if (failureType === 'subtestsFailed') return
    if (failureType === 'testAborted' && data.entryFile === undefined) {
      const open = [...this.#open.values()].map((name) => `  still running: ${name}`)
      this.#failures.push({ name: this.#file, text: [`did not end within ${limitMs / 1000} s`, ...open].join('\n') })
      return
    }
    const text = data.entryFile === undefined ? this.#printed.trim() : describe(data.details.error)
    this.#failures.push({ name: data.name, text: text || 'the process ended with a failure and said nothing' })
  }

  noted(data: EventData.TestDiagnostic & Told): void {
    if (data.entryFile !== undefined) this.#notes.push(data.message)
  }

  said(text: string): void {
    this.#printed = (this.#printed + text).slice(-PRINTED_MAX)
  }

  sum(tookMs: number): FileResult {
    const { length } = this.#failures
    if (!this.#empty && this.#passed + length + this.#skips.length === 0)
      this.#failures.push({ name: this.#file, text: 'holds no test' })
    return {
      file: this.#file,
      tookMs,
      passed: this.#passed,
      failures: this.#failures,
      skips: this.#skips,
      notes: this.#notes,
    }
  }

  // Children report before their parent, so a parent is known by then.
  #isLeaf({ testId = 0, parentId = 0 }: Told): boolean {
    this.#parents.add(parentId)
    return !this.#parents.has(testId)
  }
}

function reason(data: EventData.TestPass): string | null {
  const mark = data.skip ?? data.todo
  if (mark === undefined) return null
  return typeof mark === 'string' && mark !== '' ? mark : 'no reason given'
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error
  return (cause.stack ?? cause.message)
    .split('\n')
    .filter((line) => !/\(node:|at node:/.test(line))
    .join('\n')
}

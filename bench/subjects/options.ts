import type { Role } from '../../src/config/schema.ts'

/** What the harness gives to a subject, as JSON on its command line. */
export interface SubjectOptions {
  /** An empty folder of its own, on a real disk. */
  readonly dir: string
  readonly secret: string
  /** Of the product only: what the process does; all of it when not given. */
  readonly roles?: readonly Role[]
  /** Where the ledger is, unless it is a file in `dir`. */
  readonly url?: string
  /** The broker in front of it. */
  readonly brokerUrl?: string
  /** Of the database past a pooler: wake-ups. */
  readonly directUrl?: string
  /** Its handler notes how long an event was under way. */
  readonly timed?: boolean
  /** Its handler waits so long. */
  readonly takesMs?: number
  readonly concurrency?: number
}

export const readOptions = (): SubjectOptions => JSON.parse(process.argv[2] ?? '{}') as SubjectOptions

import type { Role } from '../../src/config/schema.ts'

/** What the harness gives to a subject, as JSON on its command line. */
export interface SubjectOptions {
  /** An empty folder of its own, on a real disk. */
  readonly dir: string
  readonly secret: string
  /** Of the product only: what the process does; all of it when not given. */
  readonly roles?: readonly Role[]
}

export const readOptions = (): SubjectOptions => JSON.parse(process.argv[2] ?? '{}') as SubjectOptions

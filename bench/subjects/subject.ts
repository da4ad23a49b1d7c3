import { launch } from './launch.ts'
import { onBrokers } from './on-broker.ts'
import { onPostgres } from './on-postgres.ts'
import type { SubjectOptions } from './options.ts'
import { peers } from './peer.ts'

/** Something under measurement: a server that takes signed events on 127.0.0.1. */
export interface Subject {
  readonly name: string
  readonly about: string
  /** Resolves when it takes requests. */
  start(options: SubjectOptions): Promise<Running>
}

export interface Running {
  /** Its folder, removed after the run. */
  readonly dir: string
  readonly port: number
  /** Its processes: their CPU time and memory are added up. */
  readonly pids: readonly number[]
  /** The first processes of the servers that it keeps its events in: their CPU time is counted apart. */
  readonly services: readonly number[]
  /** The private listener, where the subject has one. */
  readonly api: Listener | null
  /** Where a subject with a timed handler tells sent -> handled. */
  readonly times: Listener | null
  /** Of the database that it keeps its events in, where it is a Postgres. */
  readonly url?: string
  stop(): Promise<void>
}

/** Where one asks, and the token that it asks for. */
export interface Listener {
  readonly url: string
  readonly token: string | null
}

/** The reference that the bars name. */
export const L = 'L'

const subjects: readonly Subject[] = [
  program('bare', 'node:http + HMAC, nothing kept', 'bare.ts'),
  program(L, 'node:http + HMAC + JSON.parse + append-only file, fdatasync group commit', 'l.ts'),
  program('hookkeeper', 'Hookkeeper embedded, --role ingestion', 'hookkeeper.mjs', { roles: ['ingestion'] }),
  program('hookkeeper-cycle', 'Hookkeeper embedded, every role, a handler that does nothing', 'hookkeeper.mjs'),
  program('hookkeeper-timed', 'the same, a handler that is timed', 'hookkeeper.mjs', { timed: true }),
  onPostgres('postgres', 'Hookkeeper over Postgres, --role ingestion', { roles: ['ingestion'] }),
  onPostgres('postgres-timed', 'the same, every role, a handler that is timed', { timed: true }),
  onPostgres('postgres-cycle', 'Hookkeeper over Postgres, every role, a handler that does nothing'),
  ...onBrokers,
  ...peers,
]

export function subject(name: string): Subject {
  const found = subjects.find((other) => other.name === name)
  if (!found)
    throw new Error(`There is no subject ${name}; there are ${subjects.map((other) => other.name).join(', ')}.`)
  return found
}

/** A subject that is one program in this folder. */
function program(name: string, about: string, file: string, more: object = {}): Subject {
  const at = new URL(file, import.meta.url)
  return { name, about, start: (options) => launch(name, at, { ...options, ...more }) }
}

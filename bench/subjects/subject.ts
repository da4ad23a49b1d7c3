import { join } from 'node:path'
import { Child } from '../child.ts'
import type { SubjectOptions } from './options.ts'

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
  /** The private listener and the token that it asks for, where the subject has one. */
  readonly api: { readonly url: string; readonly token: string | null } | null
  stop(): Promise<void>
}

/** The reference that the bars name. */
export const L = 'L'

const subjects: readonly Subject[] = [
  program('bare', 'node:http + HMAC, nothing kept', 'bare.ts'),
  program(L, 'node:http + HMAC + JSON.parse + append-only file, fdatasync group commit', 'l.ts'),
  program('hookkeeper', 'Hookkeeper embedded, --role ingestion', 'hookkeeper.mjs', { roles: ['ingestion'] }),
  program('hookkeeper-cycle', 'Hookkeeper embedded, every role, a handler that does nothing', 'hookkeeper.mjs'),
]

export function subject(name: string): Subject {
  const found = subjects.find((other) => other.name === name)
  if (!found)
    throw new Error(`There is no subject ${name}; there are ${subjects.map((other) => other.name).join(', ')}.`)
  return found
}

/** A subject that is one program in this folder; it prints `{ port, api? }` when it is ready. */
function program(name: string, about: string, file: string, more: object = {}): Subject {
  return {
    name,
    about,
    async start(options) {
      const child = new Child(name, new URL(file, import.meta.url), {
        argument: { ...options, ...more },
        logPath: join(options.dir, 'stderr.log'),
      })
      try {
        const { port, api = null } = await child.line<{ port: number; api?: Running['api'] }>(READY_MS)
        return { dir: options.dir, port, pids: [child.pid], api, stop: () => child.stop() }
      } catch (error) {
        await child.stop()
        throw error
      }
    },
  }
}

const READY_MS = 30_000

import type { ErrorCode } from '../core/errors.ts'
import { type Mode, readEvent, toEnvelope } from '../stripe/shapes.ts'
import { type EndpointSecret, TOLERANCE_MS, verifySignature } from '../stripe/signature.ts'
import { type Answer, refusal } from './answer.ts'
import { type CommitDeps, GroupCommit } from './commit.ts'

export type { IngestResult, IntakeMeter } from './commit.ts'

export interface IntakeDeps extends CommitDeps {
  /**
   * Asked for each delivery, so that a rotated secret counts at once. As long as nothing changed it is the same array.
   */
  readonly endpoints: () => readonly EndpointSecret[]
  readonly modeOf: (account: string) => Mode
  /** How far a signature may be from our clock, in both directions. */
  readonly toleranceMs?: number
}

export interface Intake {
  /**
   * One delivery: what to answer. A refusal comes at once, 200 once the ledger says that the event would survive a
   * crash. `endpoint` (`<account>` or `<account>/<name>`, from the path) narrows which secrets are tried; null tries
   * all. Never throws or rejects.
   */
  receive(body: Uint8Array, header: string | undefined, endpoint: string | null): Answer | Promise<Answer>
  knows(endpoint: string): boolean
  /** Counts a request that never became a delivery, and says what to answer. */
  refuse(code: ErrorCode, values?: Readonly<Record<string, string | number>>): Answer
  /** Resolves when nothing waits for the ledger. */
  idle(): Promise<void>
}

/** Verified bytes on their way into the ledger. Those that arrive while one batch is being synced make up the next. */
export function createIntake(deps: IntakeDeps): Intake {
  const secretsOf = secretsByEndpoint(deps.endpoints)
  const commits = new GroupCommit(deps)
  const { admission, clock, meter, modeOf, toleranceMs = TOLERANCE_MS } = deps

  function receive(body: Uint8Array, header: string | undefined, endpoint: string | null): Answer | Promise<Answer> {
    const now = clock.now()
    const secrets = secretsOf(endpoint)
    if (secrets === null) return refuse('endpoint_unknown')

    const verdict = verifySignature({ body, header, secrets, now, toleranceMs, futureMs: toleranceMs })
    if (!verdict.ok) return refuse(verdict.code, { what: verdict.what ?? '', max: toleranceMs / 1_000 })

    const reading = readEvent(body)
    if (!reading.ok) return refuse(reading.code, { what: reading.what }, verdict.endpoint)

    const closed = admission.take(body.length, now)
    if (closed) {
      meter.ingested(verdict.endpoint, 'unavailable')
      return closed
    }
    const account = accountOf(verdict.endpoint)
    const arrival = { body, account, endpoint: verdict.endpoint, via: 'webhook', mode: modeOf(account) } as const
    return commits.add(toEnvelope(reading.event, arrival), now)
  }

  function refuse(code: ErrorCode, values: Readonly<Record<string, string | number>> = {}, endpoint = 'none'): Answer {
    meter.ingested(endpoint, 'rejected')
    return refusal(code, values)
  }

  return { receive, refuse, knows: (endpoint) => secretsOf(endpoint) !== null, idle: () => commits.idle() }
}

const accountOf = (endpoint: string): string => {
  const slash = endpoint.indexOf('/')
  return slash === -1 ? endpoint : endpoint.slice(0, slash)
}

/** An account's name stands for all of its endpoints. Null: nothing of that name is configured. */
function secretsByEndpoint(endpoints: () => readonly EndpointSecret[]) {
  let of: readonly EndpointSecret[] | null = null
  let known = new Map<string, readonly EndpointSecret[]>()

  return (endpoint: string | null): readonly EndpointSecret[] | null => {
    const all = endpoints()
    if (endpoint === null) return all
    if (all !== of) {
      of = all
      known = grouped(all)
    }
    return known.get(endpoint) ?? null
  }
}

function grouped(all: readonly EndpointSecret[]): Map<string, EndpointSecret[]> {
  const groups = new Map<string, EndpointSecret[]>()
  for (const secret of all) {
    for (const name of new Set([secret.endpoint, accountOf(secret.endpoint)])) {
      groups.set(name, [...(groups.get(name) ?? []), secret])
    }
  }
  return groups
}

import type { Envelope } from '../../src/core/event.ts'
import type { Want, Work } from '../../src/store/store.ts'
import type { BenchLedger } from './open.ts'
import { TYPE } from './shape.ts'

/** What cycles on one ledger cost, for each event, in microseconds: by the clock, and of CPU in all threads. */
export interface Cycles {
  /** Admit, lease and settle, of other events, each round in one transaction: events a second. */
  readonly rate: number
  readonly cycleCpuUs: number
  readonly admitUs: number
  /** Lease and settle of events that already wait. */
  readonly leaseSettleUs: number
  readonly leaseSettleCpuUs: number
}

/**
 * First adds `events` and works as many off again, so that the ledger stays as full as it was; then rounds of all three at once.
 * Admits are durable when they resolve, leases and settles when they are committed: the disk has those 25 ms later.
 */
export async function cycles(ledger: BenchLedger, next: () => Envelope, events: number): Promise<Cycles> {
  const batch = () => Array.from({ length: BATCH }, next)
  const rounds = Math.ceil(events / BATCH)
  await together(ledger, batch, WARM_ROUNDS)

  const admitted = await timed(async () => {
    for (let round = 0; round < rounds; round++) await ledger.admit(batch())
  })
  const workedOff = await timed(() => workOff(ledger, rounds * BATCH))
  const cycled = await timed(() => together(ledger, batch, rounds))

  const each = (ms: number) => (ms * 1_000) / (rounds * BATCH)
  return {
    rate: (rounds * BATCH * 1_000) / cycled.ms,
    cycleCpuUs: each(cycled.cpuMs),
    admitUs: each(admitted.ms),
    leaseSettleUs: each(workedOff.ms),
    leaseSettleCpuUs: each(workedOff.cpuMs),
  }
}

/** The longest round of admit, lease and settle in milliseconds, over as many events. */
export async function longestRound(ledger: BenchLedger, next: () => Envelope, events: number): Promise<number> {
  let longest = 0
  await together(ledger, () => Array.from({ length: BATCH }, next), WARM_ROUNDS)
  await together(
    ledger,
    () => Array.from({ length: BATCH }, next),
    Math.ceil(events / BATCH),
    (ms) => {
      longest = Math.max(longest, ms)
    },
  )
  return longest
}

const BATCH = 64
const WARM_ROUNDS = 40

export const WANT: Want = {
  max: BATCH,
  waitMs: 1_000,
  worker: 'bench',
  release: '0',
  handles: [{ pattern: TYPE, name: TYPE, leaseMs: 30_000, room: 1_000, strict: false }],
}

async function together(
  ledger: BenchLedger,
  batch: () => Envelope[],
  rounds: number,
  took: (ms: number) => void = () => {},
): Promise<void> {
  let work = await ledger.lease(WANT)
  for (let round = 0; round < rounds; round++) {
    const from = performance.now()
    const [next] = await Promise.all([ledger.lease(WANT), ledger.admit(batch()), settle(ledger, work)])
    took(performance.now() - from)
    work = next
  }
  await settle(ledger, work)
}

async function workOff(ledger: BenchLedger, events: number): Promise<void> {
  let work = await ledger.lease(WANT)
  for (let settled = 0; settled < events; ) {
    if (work.length === 0) throw new Error(`Nothing is left to lease after ${settled} of ${events} events.`)
    settled += work.length
    const [next] = await Promise.all([ledger.lease(WANT), settle(ledger, work)])
    work = next
  }
  await settle(ledger, work)
}

export async function settle(ledger: BenchLedger, work: readonly Work[]): Promise<void> {
  const results = work.map(
    (one) => ({ work: one, outcome: { kind: 'done', reason: 'worked' }, returned: [TYPE] }) as const,
  )
  const settled = await ledger.settle(results)
  if (settled.some((answer) => answer !== 'settled')) throw new Error('A settle was refused; the figures mean nothing.')
}

/** How long it took by the clock, and how much CPU this process used meanwhile. */
export async function timed(work: () => Promise<unknown>): Promise<{ ms: number; cpuMs: number }> {
  const from = performance.now()
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return { ms: performance.now() - from, cpuMs: (user + system) / 1_000 }
}

import type { Clock } from '../../src/core/clock.ts'
import { Connection } from './connection.ts'
import { Histogram } from './histogram.ts'
import type { LoadPlan, LoadResult } from './plan.ts'
import { Requests } from './request.ts'
import { closedLoop, openLoop, type Schedule } from './schedule.ts'
import { monotonicMs, startTicker } from './ticker.ts'

/** Puts the planned load on the server; resolves when every request is answered, or 10 s after the last was due. */
export async function load(plan: LoadPlan, clock: Clock, measuring: () => void): Promise<LoadResult> {
  const run = new Run(plan, clock)
  try {
    await run.connect()
    return await run.go(measuring)
  } finally {
    run.close()
  }
}

const DRAIN_MS = 10_000
const REOPENED_MAX = 1_000
// A tick wakes two threads, which takes the server's time: at most 1,000 a second, each for all requests that are due by then.
const TICK_MS_MIN = 1

class Run {
  readonly #plan: LoadPlan
  readonly #clock: Clock
  readonly #connections: Connection[]
  readonly #latencies = new Histogram()
  readonly #refused: Record<string, number> = {}
  readonly #done = Promise.withResolvers<void>()
  #free: Connection[] = []
  #schedule: Schedule = { take: () => null, over: () => false }
  #measureAt = Number.POSITIVE_INFINITY
  #lastAt = 0
  #sent = 0
  #ok = 0
  #acknowledged = 0
  #broken = 0
  #reopened = 0
  #closed = false

  constructor(plan: LoadPlan, clock: Clock) {
    const requests = new Requests(plan)
    this.#plan = plan
    this.#clock = clock
    this.#connections = Array.from({ length: plan.connections }, () => new Connection(requests, this))
  }

  async connect(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.open(this.#plan.port)))
    this.#free = [...this.#connections]
  }

  async go(measuring: () => void): Promise<LoadResult> {
    const { warmUpMs, measureMs, requestsMax, ratePerSecond } = this.#plan
    const startAt = monotonicMs()
    this.#measureAt = startAt + warmUpMs
    const untilAt = this.#measureAt + measureMs
    const stopTicker = ratePerSecond === null ? null : this.#openLoop({ startAt, untilAt, ratePerSecond, requestsMax })
    if (ratePerSecond === null) this.#schedule = closedLoop({ untilAt, requestsMax })

    let cpu = process.cpuUsage()
    const cancel = [
      this.#clock.after(warmUpMs, () => {
        cpu = process.cpuUsage()
        measuring()
      }),
      this.#clock.after(warmUpMs + measureMs + DRAIN_MS, () => this.#done.resolve()),
    ]
    this.#sendDue()
    await this.#done.promise
    for (const stop of cancel) stop()
    await stopTicker?.()
    return this.#result(process.cpuUsage(cpu))
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#connections) connection.close()
  }

  answered(connection: Connection, { status, open }: { status: number; open: boolean }): void {
    const now = monotonicMs()
    this.#record(connection.meantAt, now, status)
    if (open) this.#next(connection, now)
    else this.#reopen(connection)
  }

  broke(connection: Connection, cause: Error): void {
    if (this.#closed) return
    if (connection.busy) this.#record(connection.meantAt, monotonicMs(), null)
    connection.busy = false
    this.#free = this.#free.filter((other) => other !== connection)
    this.#reopen(connection, cause)
  }

  #openLoop(plan: {
    startAt: number
    untilAt: number
    ratePerSecond: number
    requestsMax: number
  }): () => Promise<void> {
    const everyMs = 1_000 / plan.ratePerSecond
    this.#schedule = openLoop(plan)
    const tick = { startAt: plan.startAt, everyMs: everyMs * Math.ceil(TICK_MS_MIN / everyMs) }
    return startTicker(tick, () => this.#sendDue())
  }

  #sendDue(): void {
    const now = monotonicMs()
    while (this.#free.length > 0) {
      const meantAt = this.#schedule.take(now)
      if (meantAt === null) break
      this.#send(this.#free.shift()!, meantAt, now)
    }
    this.#endWhenOver(now)
  }

  #next(connection: Connection, now: number): void {
    const meantAt = this.#schedule.take(now)
    if (meantAt !== null) {
      this.#send(connection, meantAt, now)
      return
    }
    this.#free.push(connection)
    this.#endWhenOver(now)
  }

  #send(connection: Connection, meantAt: number, now: number): void {
    if (meantAt >= this.#measureAt) this.#sent++
    connection.send(meantAt, this.#clock.now())
    this.#lastAt = now
  }

  #record(meantAt: number, now: number, status: number | null): void {
    this.#lastAt = now
    if (status === 200) this.#acknowledged++
    if (meantAt < this.#measureAt) return
    this.#latencies.record((now - meantAt) * 1_000)
    if (status === 200) this.#ok++
    else if (status === null) this.#broken++
    else this.#refused[status] = (this.#refused[status] ?? 0) + 1
  }

  #reopen(connection: Connection, cause?: Error): void {
    if (++this.#reopened > REOPENED_MAX) {
      const message = `Over ${REOPENED_MAX} connections ended during the load; the server is not fit to measure.`
      this.#done.reject(new Error(message, { cause }))
      return
    }
    connection.open(this.#plan.port).then(
      () => this.#next(connection, monotonicMs()),
      (cause) => this.#done.reject(cause),
    )
  }

  #endWhenOver(now: number): void {
    if (this.#schedule.over(now) && this.#free.length === this.#connections.length) this.#done.resolve()
  }

  /** What was due and never answered counts as late as it was when the wait ended: leaving it out would flatter a server that stalls. */
  #giveUp(now: number): number {
    const open = this.#connections
      .filter(({ busy, meantAt }) => busy && meantAt >= this.#measureAt)
      .map(({ meantAt }) => meantAt)
    for (let meantAt = this.#schedule.take(now); meantAt !== null; meantAt = this.#schedule.take(now))
      open.push(meantAt)
    for (const meantAt of open) this.#latencies.record((now - meantAt) * 1_000)
    return open.length
  }

  #result(cpu: NodeJS.CpuUsage): LoadResult {
    const elapsedMs = this.#lastAt - this.#measureAt
    const unanswered = this.#giveUp(monotonicMs())
    const ms = (q: number) => this.#latencies.quantile(q) / 1_000
    const ownCpuMs = (cpu.user + cpu.system) / 1_000
    return {
      sent: this.#sent,
      ok: this.#ok,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      broken: this.#broken,
      unanswered,
      rate: (this.#ok * 1_000) / elapsedMs,
      p50: ms(0.5),
      p90: ms(0.9),
      p99: ms(0.99),
      p999: ms(0.999),
      max: this.#latencies.max / 1_000,
      ownCpuUs: (ownCpuMs * 1_000) / Math.max(1, this.#sent),
      ownCpuMs,
    }
  }
}

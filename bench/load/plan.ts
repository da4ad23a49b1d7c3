/** What a load is: given as JSON, bounded in number and time. Everything goes to 127.0.0.1. */
export interface LoadPlan {
  readonly port: number
  readonly path: string
  readonly secret: string
  readonly nonce: string
  readonly lanes: number
  readonly connections: number
  /** Of so many events one is of the class `now`: a buyer waits. Absent: none is. */
  readonly nowEvery?: number
  /** Requests a second, whatever the answers do; null: each connection sends when it has its answer. */
  readonly ratePerSecond: number | null
  /** Sent but not measured, so that the server's code is compiled and its files are warm. */
  readonly warmUpMs: number
  readonly measureMs: number
  readonly requestsMax: number
}

/** Latencies in milliseconds from when a request was meant to be sent, over everything meant for the measured time. */
export interface LoadResult {
  readonly sent: number
  readonly ok: number
  /** All 200s, those of the warm-up included. */
  readonly acknowledged: number
  /** Answers other than 200, by status. */
  readonly refused: Readonly<Record<string, number>>
  /** Requests whose connection broke, and those still unanswered (or unsent) when the wait for the last ones ended. */
  readonly broken: number
  readonly unanswered: number
  /** 200s a second. */
  readonly rate: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** The generator's own CPU time for each request, in microseconds. */
  readonly ownCpuUs: number
  /** The generator's whole CPU time while it measured, in milliseconds. */
  readonly ownCpuMs: number
}

/** The plan in `json`, or an error that says which value is out of bounds. */
export function readPlan(json: string): LoadPlan {
  const plan = JSON.parse(json) as LoadPlan
  within('port', plan.port, 1, 65_535)
  within('lanes', plan.lanes, 1, 2 ** 32)
  within('connections', plan.connections, 1, 1_024)
  within('warmUpMs', plan.warmUpMs, 0, 60_000)
  within('measureMs', plan.measureMs, 1, 600_000)
  within('requestsMax', plan.requestsMax, 1, 50_000_000)
  if (plan.nowEvery !== undefined) within('nowEvery', plan.nowEvery, 1, 1_000_000)
  if (plan.ratePerSecond !== null) within('ratePerSecond', plan.ratePerSecond, 1, 100_000)
  return plan
}

function within(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return
  throw new RangeError(`The load's ${name} is ${value}; it is a number from ${min} to ${max}.`)
}

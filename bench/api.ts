import type { Backlog } from '../src/store/store.ts'
import type { Listener, Running } from './subjects/subject.ts'

/** How much waits or runs, as an operator sees it. */
export async function open({ api }: Pick<Running, 'api'>): Promise<number> {
  const { backlog } = JSON.parse(await get(api, '/api/v1/status')) as { backlog: Backlog }
  return backlog.ready + backlog.scheduled + backlog.running
}

/** Samples what is open ten times a second until stopped; stopping gives the highest. */
export function watchOpen(running: Running): () => Promise<number> {
  let highest = 0
  let stopped = false
  const watching = (async () => {
    while (!stopped) {
      highest = Math.max(highest, await open(running))
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
  })()
  // It is awaited only at the end; until then a failure must not end the harness without its clean-up.
  watching.catch(() => {})
  return async () => {
    stopped = true
    await watching
    return highest
  }
}

/** Resolves to what is still open when nothing is left, or after `withinMs`. */
export async function drained(running: Running, withinMs: number): Promise<number> {
  const until = performance.now() + withinMs
  for (;;) {
    const left = await open(running)
    if (left === 0 || performance.now() > until) return left
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  }
}

/** A Prometheus histogram: how many values were at most each edge, over all its labels. */
export type Buckets = ReadonlyMap<number, number>

export async function histogram(at: Listener | null, name: string): Promise<Buckets> {
  return readBuckets(await get(at, '/metrics'), name)
}

export function readBuckets(text: string, name: string): Buckets {
  const buckets = new Map<number, number>()
  for (const line of text.split('\n')) {
    const [, edge, count] = /^[a-z_]+_bucket\{.*?le="([^"]+)".*?\} (\d+)/.exec(line) ?? []
    if (!edge || !count || !line.startsWith(`${name}_bucket{`)) continue
    const le = edge === '+Inf' ? Number.POSITIVE_INFINITY : Number(edge)
    buckets.set(le, (buckets.get(le) ?? 0) + Number(count))
  }
  return buckets
}

/** The edge that a share `q` of what came between `before` and `after` does not exceed: never less than the true value. */
export function quantileBetween(before: Buckets, after: Buckets, q: number): number {
  const came = (edge: number) => (after.get(edge) ?? 0) - (before.get(edge) ?? 0)
  const edges = [...after.keys()].sort((a, b) => a - b)
  const total = came(Number.POSITIVE_INFINITY)
  return (total > 0 && edges.find((edge) => came(edge) >= q * total)) || Number.NaN
}

/** What a subject has counted so far: all of a name, or those with one label as Prometheus writes it. */
export async function counted(at: Listener | null): Promise<(name: string, label?: string) => number> {
  const text = await get(at, '/metrics')
  return (name, label = '') => readCounter(text, { name, label })
}

export function readCounter(text: string, { name, label }: { name: string; label: string }): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

const SAMPLE_MS = 100
const ANSWER_MS = 10_000

async function get(at: Listener | null, path: string): Promise<string> {
  if (!at) throw new Error('This subject does not tell what it does.')
  const headers: Record<string, string> = at.token ? { authorization: `Bearer ${at.token}` } : {}
  const response = await fetch(new URL(path, at.url), { headers, signal: AbortSignal.timeout(ANSWER_MS) })
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
  return response.text()
}

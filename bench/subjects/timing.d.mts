import type { Listener } from './subject.ts'

export const SETTLE_SECONDS: readonly number[]

export class Histogram {
  constructor(name: string, edges: readonly number[])
  observe(seconds: number): void
  get count(): number
  text(): string
}

/** What is timed: `data.object.metadata.sent` holds microseconds on the monotonic clock. */
interface Timed {
  readonly data: { readonly object: { readonly metadata: { readonly sent: string } } }
}

export function timing(): Promise<{ at: Listener; handled(event: Timed): void }>

export function peerTiming(): Promise<{ at: Listener; taken(): void; handled(event: Timed, arrivedAt: number): void }>

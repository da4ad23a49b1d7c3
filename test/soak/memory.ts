import { rssMib, treePids } from '../../bench/proc.ts'

const SAMPLE_MS = 1_000

/** What one kind of process held at the end of each phase, and the most that it ever held, in MiB. */
export interface Held {
  readonly name: string
  readonly phases: Readonly<Record<string, number>>
  readonly peak: number
}

/** Watches how much memory processes hold: of a service that forks, the largest of its processes. */
export class Memory {
  readonly #pids: () => Readonly<Record<string, number>>
  readonly #held = new Map<string, { phases: Record<string, number>; peak: number }>()
  readonly #timer: NodeJS.Timeout

  constructor(pids: () => Readonly<Record<string, number>>) {
    this.#pids = pids
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS)
  }

  /** The end of a phase. */
  mark(phase: string): void {
    for (const [name, now] of this.#look()) this.#of(name).phases[phase] = now
  }

  end(): readonly Held[] {
    clearInterval(this.#timer)
    return [...this.#held].map(([name, held]) => ({ name, ...held }))
  }

  #look(): [string, number][] {
    return Object.entries(this.#pids()).map(([name, pid]): [string, number] => {
      const now = Math.max(0, ...treePids(pid).map(residentMib))
      const held = this.#of(name)
      held.peak = Math.max(held.peak, now)
      return [name, now]
    })
  }

  #of(name: string) {
    const held = this.#held.get(name) ?? { phases: {}, peak: 0 }
    this.#held.set(name, held)
    return held
  }
}

/** One that has ended since it was listed holds nothing. */
function residentMib(pid: number): number {
  try {
    return rssMib(pid).now || 0
  } catch {
    return 0
  }
}

import { readdirSync, readFileSync } from 'node:fs'

// Linux counts CPU time for people in ticks of a hundredth of a second, whatever the kernel's own clock does.
const TICK_MS = 10
const MIB = 1024 * 1024

/** CPU time of a process and all its threads since its start, in milliseconds. */
export const cpuMs = (pid: number): number => processTimes(pid).ownMs

/** CPU time of a process and all that came from it, those that have ended included, in milliseconds. */
export function treeCpuMs(pid: number): number {
  const all = processes()
  const within = (one: Process): number => {
    const children = all.filter(({ parent }) => parent === one.pid)
    return children.reduce((sum, child) => sum + within(child), one.ownMs + one.endedMs)
  }
  const root = all.find((one) => one.pid === pid)
  if (!root) throw new Error(`The process ${pid} is gone.`)
  return within(root)
}

/** A process and all that came from it and still lives. */
export function treePids(pid: number): number[] {
  const all = processes()
  const under = (root: number): number[] => [
    root,
    ...all.filter(({ parent }) => parent === root).flatMap((child) => under(child.pid)),
  ]
  return under(pid)
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly ownMs: number
  /** Of children that have ended and been waited for. */
  readonly endedMs: number
}

function processTimes(pid: number): Process {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold spaces; the fields after it are counted from the third.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map((at) => fields[at])
  return { pid, parent, ownMs: (user + system) * TICK_MS, endedMs: (endedUser + endedSystem) * TICK_MS }
}

function processes(): Process[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.flatMap((pid) => {
    try {
      return [processTimes(pid)]
    } catch {
      // It ended since it was listed; its parent has its time.
      return []
    }
  })
}

/** Resident memory now and at its highest, in MiB. */
export function rssMib(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
  return { now: (kib('VmRSS') * 1024) / MIB, peak: (kib('VmHWM') * 1024) / MIB }
}

/**
 * CPU time that the whole machine used, in milliseconds, and what the host took away (steal). Interrupts are in it: most kernels
 * charge those of the loopback to the process that they hit. Where a kernel does not, ours look foreign: a run seems worse, not better.
 */
function machineBusyMs(): number {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softirq + steal) * TICK_MS
}

/** From now on: how many cores programs other than this one kept busy, less what the measured ones say they used themselves. */
export function watchForeign(): (measuredMs: number) => number {
  const from = { at: performance.now(), busyMs: machineBusyMs(), own: process.cpuUsage() }
  return (measuredMs) => {
    const { user, system } = process.cpuUsage(from.own)
    const foreignMs = machineBusyMs() - from.busyMs - (user + system) / 1_000 - measuredMs
    return Math.max(0, foreignMs) / (performance.now() - from.at)
  }
}

/** What the outside may tell a process that runs. */
export interface Signals {
  /** Resolves at the first SIGTERM or SIGINT, to its name. A second one ends the process at once. */
  readonly stop: Promise<string>
  /** At each SIGHUP. */
  onReload(run: () => void): void
  /** From now on signals do what they do by default. */
  end(): void
}

// What a shell reports for a process that the signal ended.
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

export function signals(): Signals {
  let told = false
  let reload = () => {}
  let resolve: (signal: string) => void
  const stop = new Promise<string>((resolved) => (resolve = resolved))
  const heard = (signal: keyof typeof EXIT_CODES) => {
    if (told) process.exit(EXIT_CODES[signal])
    told = true
    resolve(signal)
  }
  const hup = () => reload()
  process.on('SIGTERM', heard).on('SIGINT', heard).on('SIGHUP', hup)
  return {
    stop,
    onReload: (run) => (reload = run),
    end: () => void process.off('SIGTERM', heard).off('SIGINT', heard).off('SIGHUP', hup),
  }
}

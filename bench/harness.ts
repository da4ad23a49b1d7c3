import { commit, machine } from './machine.ts'
import { barsTable, type Results, table, write } from './report.ts'
import { type Bar, type Figure, rows, verdicts } from './rows.ts'

/** What every bench gets from the command line. */
export interface Settings {
  /** Shorter and fewer runs: to see that all works, not to publish. */
  readonly quick: boolean
  readonly alternations: number
  /** Where fresh folders are made: a real disk. */
  readonly dir: string
  readonly say: (line: string) => void
}

export interface Bench {
  readonly name: string
  readonly about: string
  readonly bars: readonly Bar[]
  /** The subject that rows without a bar are compared with. */
  readonly reference: string | null
  readonly alternations: { readonly full: number; readonly quick: number }
  /** What the figures depend on beside machine and Node. */
  versions?(): Promise<string>
  run(settings: Settings): Promise<Figure[]>
}

/** Figures by name, as a subject's measurement gives them: `[value, unit]`. */
export type Figures = Readonly<Record<string, readonly [value: number, unit: string]>>

/** A B C A B C ...: each subject meets the same machine as the others, minute by minute. */
export async function alternate(
  subjects: readonly string[],
  { alternations, say }: Settings,
  measure: (subject: string, figuresSoFar: readonly Figure[]) => Promise<Figures>,
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (let alternation = 1; alternation <= alternations; alternation++) {
    for (const subject of subjects) {
      const mine = figures.filter((figure) => figure.alternation === alternation)
      const entries = Object.entries(await measure(subject, mine))
      for (const [metric, [value, unit]] of entries) figures.push({ subject, alternation, metric, unit, value })
      const line = entries.map(([metric, [value]]) => `${metric} ${Number(value.toPrecision(3))}`).join('  ')
      say(`${alternation}/${alternations} ${subject}: ${line}`)
    }
  }
  return figures
}

/** Runs a bench, prints and writes what came out. False: a bar was missed. */
export async function conduct(bench: Bench, settings: Settings, resultsDir: string, at: Date): Promise<boolean> {
  const { say } = settings
  const on = [machine(settings.dir), ...(bench.versions ? [await bench.versions()] : [])].join(', ')
  const header = { name: bench.name, at: at.toISOString(), commit: commit(), machine: on }
  say(`${bench.name}: ${bench.about}\n${header.machine}\ncommit ${header.commit}`)

  const figures = await bench.run(settings)
  const results: Results = { ...header, rows: rows(figures, bench.bars, bench.reference) }
  const judged = verdicts(results.rows, bench.bars)

  say(`\n${table(results.rows)}\n\n${barsTable(judged)}`)
  if (settings.quick) say('\nA quick run: its figures are not kept, and its bars are only a hint.')
  else say(`\nWritten to ${write(results, resultsDir)}`)
  return judged.every(({ kept }) => kept)
}

import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { commit, machine } from '../../bench/machine.ts'
import { systemClock } from '../../src/core/clock.ts'
import { checks, report, section } from './report.ts'
import { STAGES } from './stages.ts'
import { type Trial, trial } from './trial.ts'

const REPORT = 'docs/reports/surge.md'
const WHOLE = { warmUpMs: 2_000, quietMs: 60_000, surgeMs: 60_000 }
const QUICK = { warmUpMs: 2_000, quietMs: 5_000, surgeMs: 10_000 }

/** Resolves to the exit code. The report is written when the whole was run. */
export async function surge(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false } },
  })
  const names = positionals.length > 0 ? positionals : Object.keys(STAGES)
  const unknown = names.find((name) => !STAGES[name])
  if (unknown !== undefined) {
    console.error(`There is no surge over ${unknown}; it takes ${Object.keys(STAGES).join(' and ')}.`)
    return 2
  }
  const command = ['npm run soak -- surge', ...words].join(' ')
  const at = { at: systemClock.now(), commit: commit(), machine: machine(tmpdir()), command }

  const trials: Trial[] = []
  for (const stage of names) {
    trials.push(await trial({ stage, ...(values.quick ? QUICK : WHOLE) }))
    console.log(section(trials.at(-1)!).join('\n'))
  }
  if (words.length === 0) {
    writeFileSync(REPORT, report(trials, { ...at, tookMs: systemClock.now() - at.at }))
    console.log(`\n${REPORT} is written.`)
  }
  return trials.flatMap(checks).every(({ holds }) => holds) ? 0 : 1
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { commit, machine } from '../../bench/machine.ts'
import { systemClock } from '../../src/core/clock.ts'
import { readArguments } from '../run/arguments.ts'
import { type FileResult, runFile } from '../run/file.ts'
import { closing, fileLine } from '../run/report.ts'
import { batches, discover } from '../run/suites.ts'
import { report } from './report.ts'

/** What has a report of its own when it is run whole. */
const REPORTS: Readonly<Record<string, string>> = {
  promises: 'docs/reports/chaos.md',
  postgres: 'docs/reports/chaos-postgres.md',
  'test/postgres/cluster.test.ts': 'docs/reports/chaos-cluster.md',
  brokers: 'docs/reports/chaos-brokers.md',
}
/** Of the brokers each one alone has a report too: all of them take an hour. */
const BROKERS = ['redis', 'kafka', 'sqs', 'pubsub']

/**
 * `npm run chaos`: the promises at their full size, one file after another, and a report of the whole. `npm run chaos -- postgres`
 * does the same over Postgres, `-- test/postgres/cluster.test.ts` for a whole cluster over it alone, `-- brokers` for one behind each
 * broker, with `--name kafka` behind that one. `npm run chaos -- test/promises/killed.test.ts` runs a part and leaves the report as
 * it is; `--seed 7` moves the kills.
 */
const words = process.argv.slice(2)
const asked = readArguments([...words, '--full'])
const only = asked.only.length === 0 ? ['promises'] : asked.only
const path = reportOf(only, asked.name)
const environment = { ...asked.environment, TEST_SEED: String(asked.seed) }
// What was measured is what was checked out when it began.
const at = { at: systemClock.now(), commit: commit(), machine: machine(tmpdir()), command: command(words) }
const results: FileResult[] = []

for (const { suite, files } of batches(await discover('test'), only)) {
  for (const file of files) {
    const result = await runFile(file, { limitMs: suite.limitMs, name: asked.name, environment })
    console.log(fileLine(result))
    results.push(result)
  }
}
console.log(closing(results))
if (path !== undefined) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, report(results, { ...at, tookMs: systemClock.now() - at.at }))
  console.log(`\n${path} is written.`)
}
process.exitCode = results.some(({ failures }) => failures.length > 0) ? 1 : 0

/** What is run whole has a report. */
function reportOf([what = '', ...more]: readonly string[], name: string | null): string | undefined {
  if (more.length > 0) return undefined
  if (name === null) return REPORTS[what]
  return what === 'brokers' && BROKERS.includes(name) ? `docs/reports/chaos-brokers-${name}.md` : undefined
}

function command(given: readonly string[]): string {
  return ['npm run chaos', ...(given.length > 0 ? ['--', ...given] : [])].join(' ')
}

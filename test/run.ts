import { type Arguments, readArguments } from './run/arguments.ts'
import { type FileResult, runFile } from './run/file.ts'
import { closing, fileLine } from './run/report.ts'
import { type Batch, batches, discover, rounds } from './run/suites.ts'

/**
 * The test command. `npm test` runs every suite; `npm test -- unit promises` or `npm test -- test/core` runs a part.
 * The last line is `N passed, N failed, N skipped`; each skip is named with its reason before it. Exit 0: none failed,
 * 1: one did, 2: the command was not understood.
 */
try {
  const asked = readArguments(process.argv.slice(2))
  const results = await runAll(asked, batches(await discover('test'), asked.only))
  console.log(closing(results))
  process.exitCode = failed(results) ? 1 : 0
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 2
}

async function runAll(asked: Arguments, plan: readonly Batch[]): Promise<FileResult[]> {
  const results: FileResult[] = []
  const until = performance.now() + asked.forMs
  for (let round = 0; round === 0 || (performance.now() < until && !failed(results)); round++) {
    const environment = { ...asked.environment, TEST_SEED: String(asked.seed + round) }
    for (const beside of rounds(plan)) {
      const run = (batch: Batch) => runBatch(batch, { name: asked.name, environment })
      results.push(...(await Promise.all(beside.map(run))).flat())
    }
  }
  return results
}

/** Files of one suite, as many at a time as the suite bears. */
async function runBatch({ suite, files }: Batch, how: Pick<Arguments, 'name' | 'environment'>): Promise<FileResult[]> {
  console.log(`\n${suite.name}`)
  const waiting = [...files]
  const results: FileResult[] = []
  const runner = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file, { ...how, limitMs: suite.limitMs })
      console.log(fileLine(result))
      results.push(result)
    }
  }
  await Promise.all(Array.from({ length: suite.atOnce }, runner))
  return results
}

function failed(results: readonly FileResult[]): boolean {
  return results.some((result) => result.failures.length > 0)
}

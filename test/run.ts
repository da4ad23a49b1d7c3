import { readArguments } from './run/arguments.ts'
import type { FileResult } from './run/file.ts'
import { runFile } from './run/file.ts'
import { closing, fileLine } from './run/report.ts'
import type { Batch } from './run/suites.ts'
import { batches, discover } from './run/suites.ts'

/**
 * The test command. `npm test` runs every suite; `npm test -- unit promises` or `npm test -- test/core` runs a part.
 * The last line is `N passed, N failed, N skipped`; each skip is named with its reason before it.
 */
const asked = readArguments(process.argv.slice(2))
const plan = batches(await discover('test'), asked.only)
const results: FileResult[] = []
const until = performance.now() + asked.forMs

for (let round = 0; round === 0 || performance.now() < until; round++) {
  const environment = { ...asked.environment, TEST_SEED: String(asked.seed + round) }
  for (const batch of plan) results.push(...(await runBatch(batch, environment)))
  if (results.some((result) => result.failures.length > 0)) break
}
console.log(closing(results))
process.exitCode = results.some((result) => result.failures.length > 0) ? 1 : 0

/** Files of one suite, as many at a time as the suite bears. */
async function runBatch(batch: Batch, environment: Record<string, string>): Promise<FileResult[]> {
  console.log(`\n${batch.suite.name}`)
  const waiting = [...batch.files]
  const done: FileResult[] = []
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(file, { limitMs: batch.suite.limitMs, name: asked.name, environment })
      console.log(fileLine(result))
      done.push(result)
    }
  }
  await Promise.all(Array.from({ length: batch.suite.atOnce }, worker))
  return done
}

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { surge } from './surge.ts'

/**
 * `npm run soak`: simulation and promises, again and again with new seeds, for an hour (`--for 8h`). `npm run soak -- surge`: twenty
 * times what handlers bear for a minute, with a report; `--quick` for ten seconds, without one.
 */
const [verb, ...words] = process.argv.slice(2)

if (verb === 'surge') process.exitCode = await surge(words)
else {
  const given = process.argv.slice(2)
  const args = given.length > 0 ? given : ['simulation', 'promises', '--for', '1h']
  const run = fileURLToPath(new URL('../run.ts', import.meta.url))
  // Flags alone change how long and from which seed; suites and files, what is run.
  const whole = args[0]!.startsWith('-') ? ['simulation', 'promises', '--for', '1h', ...args] : args
  spawn(process.execPath, [run, ...whole], { stdio: 'inherit' }).once('exit', (code) => {
    process.exitCode = code ?? 1
  })
}

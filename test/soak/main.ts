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
  const run = fileURLToPath(new URL('../run.ts', import.meta.url))
  const args = [run, 'simulation', 'promises', '--for', '1h', ...process.argv.slice(2)]
  spawn(process.execPath, args, { stdio: 'inherit' }).once('exit', (code) => {
    process.exitCode = code ?? 1
  })
}

import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { brokers } from './brokers.ts'
import { bytes } from './bytes.ts'
import { cluster } from './cluster.ts'
import { cycle } from './cycle.ts'
import { cyclePeers } from './cycle-peers.ts'
import { conduct } from './harness.ts'
import { held } from './held.ts'
import { ingest } from './ingest.ts'
import { latency } from './latency.ts'
import { ledger } from './ledger.ts'
import { peers } from './peers.ts'
import { rehearse } from './rehearse.ts'

const benches = [ingest, cycle, ledger, peers, latency, cyclePeers, rehearse, bytes, cluster, held, brokers]

const usage = `npm run bench -- <name> [--quick] [--runs N] [--dir PATH]

${benches.map(({ name, about }) => `  ${name.padEnd(11)} ${about}`).join('\n')}

  --quick     shorter and fewer runs; results are printed and not kept
  --runs N    alternations, instead of the bench's own number
  --dir PATH  where fresh folders are made: a real disk, not one in memory (default ${tmpdir()})

Exit 0: every bar kept. 1: one was missed, or it could not be measured. 2: not understood.`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, runs: { type: 'string' }, dir: { type: 'string' } },
})
const bench = benches.find(({ name }) => name === positionals[0])
const runs = values.runs === undefined ? null : Number(values.runs)

if (!bench || positionals.length > 1 || (runs !== null && !(Number.isInteger(runs) && runs >= 1 && runs <= 100))) {
  process.stderr.write(`${usage}\n`)
  process.exit(2)
}

const settings = {
  quick: values.quick,
  alternations: runs ?? bench.alternations[values.quick ? 'quick' : 'full'],
  dir: values.dir ?? tmpdir(),
  say: (line: string) => process.stdout.write(`${line}\n`),
}
// A subject ends with the harness's pipe; a Redis or Postgres beside it is ended when the harness leaves in order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

const resultsDir = fileURLToPath(new URL('results', import.meta.url))
try {
  const kept = await conduct(bench, settings, resultsDir, new Date(systemClock.now()))
  process.exitCode = kept ? 0 : 1
} catch (error) {
  process.stderr.write(
    `${bench.name} could not be measured: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}

import { isDeepStrictEqual, parseArgs } from 'node:util'
import { seeded } from '../../../src/core/random.ts'
import { nothingWrong } from '../books.ts'
import { trial } from './trial.ts'

/**
 * `npm run chaos:cluster`: seven processes over one Postgres (the machine's own) while processes, connections and the database fail.
 * Prints what was seen as JSON. Exit 1: something was lost, doubled or out of order, or answered otherwise than with 200 or 503.
 */
const { values } = parseArgs({ options: { quick: { type: 'boolean' }, seed: { type: 'string', default: '1' } } })
const size = values.quick
  ? { ratePerSecond: 100, forMs: 2_000, windowMs: 0 }
  : { ratePerSecond: 500, forMs: 60_000, windowMs: 10_000 }

const report = await trial({ random: seeded(Number(values.seed)), ...size })
const strange = Object.keys(report.answers).filter((answer) => !['200', '503', 'no answer'].includes(answer))
const kept = isDeepStrictEqual(report.account.wrong, nothingWrong) && strange.length === 0
console.log(JSON.stringify({ kept, ...size, seed: values.seed, ...report }, null, 2))
// A connection that was cut while it was being made may stay half open: it is not to keep this process.
process.exit(kept ? 0 : 1)
